import type { GitUpstream } from '../../../plans/git-gate-plan.ts';

type SshUpstream = Extract<GitUpstream, { kind: 'ssh' }>;

/** What the gate's git calls the host of a remote, so that two remotes of one host keep to a key of their own. */
export function toSshAlias(remoteIndex: number): string {
  return `gate-${remoteIndex}`;
}

/**
 * The part of ssh's configuration that is about one remote. Each file name is absolute.
 *
 * SECURITY: an unknown or changed host key ends the connection before anything is sent; no key is learned, no agent asked,
 * nothing forwarded, and no question put to anybody.
 */
export function toSshBlock(
  remoteIndex: number,
  { host, port, user }: SshUpstream,
  keyFile: string,
  knownHostsFile: string,
): string {
  return [
    `Host ${toSshAlias(remoteIndex)}`,
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${user}`,
    `  IdentityFile "${keyFile}"`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile "${knownHostsFile}"`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  VerifyHostKeyDNS no',
    '  CheckHostIP no',
    '  BatchMode yes',
    '  PreferredAuthentications publickey',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  ClearAllForwardings yes',
    '  PermitLocalCommand no',
    '  ControlMaster no',
    '  ControlPath none',
    '  RequestTTY no',
    '  ConnectTimeout 15',
    '  ServerAliveInterval 15',
    '  ServerAliveCountMax 4',
    '  LogLevel ERROR',
    '',
  ].join('\n');
}
