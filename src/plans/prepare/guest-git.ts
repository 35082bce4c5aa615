import type { GuestFile } from '../bottle-plan.ts';
import type { GitGatePlan, GitRemotePlan, GitUpstream } from '../git-gate-plan.ts';
import { gitConfigName } from '../guest-env.ts';
import { usualPorts } from './gate-path.ts';

/**
 * The guest's git configuration: every spelling of a remote's URL leads to the gate, by git's own `insteadOf`. It takes the
 * place of the image's `/etc/gitconfig`, which it includes.
 */
export function prepareGitConfig({ listen, remotes }: GitGatePlan): GuestFile {
  const sections = remotes.map((remote) => {
    const lines = toSpellings(remote).map((url) => `\tinsteadOf = "${url}"\n`);
    return `[url "git://${listen.address}:${listen.port}/${remote.gatePath}"]\n${lines.join('')}`;
  });
  return { path: gitConfigName, content: `[include]\n\tpath = /etc/gitconfig\n${sections.join('')}` };
}

/**
 * The beginnings of all URLs that mean a remote's repository, without `.git`: git replaces the beginning of a URL, so what
 * follows stays. A name that only begins alike leads to the gate too, which then says that it does not know it.
 */
function toSpellings({ upstream, gatePath }: GitRemotePlan): readonly string[] {
  const host = upstream.host.includes(':') ? `[${upstream.host}]` : upstream.host;
  const path = gatePath.slice(gatePath.indexOf('/') + 1);
  const isUsual = upstream.port === usualPorts[upstream.kind];
  const users = toUsers(upstream);
  const ofKind = (kind: GitUpstream['kind'], port: number) => [
    ...(port === usualPorts[kind] ? toUrls(kind, users, host, path) : []),
    ...toUrls(kind, users, `${host}:${port}`, path),
  ];
  // Where the port says which of a host's services is meant, no other kind of URL means the same one.
  if (!isUsual) return ofKind(upstream.kind, upstream.port);
  return [
    ...ofKind('https', usualPorts.https),
    ...ofKind('ssh', usualPorts.ssh),
    ...users.flatMap((user) => [`${user}${host}:${path}`, `${user}${host}:/${path}`]),
    `git://${host}/${path}`,
  ];
}

function toUrls(
  scheme: string,
  users: readonly string[],
  authority: string,
  path: string,
): readonly string[] {
  return users.map((user) => `${scheme}://${user}${authority}/${path}`);
}

/** As whom people write it: nobody, `git`, and whoever the manifest names. */
function toUsers(upstream: GitUpstream): readonly string[] {
  const named = upstream.kind === 'ssh' ? upstream.user : upstream.auth?.username;
  return [...new Set(['', 'git@', ...(named === undefined ? [] : [`${named}@`])])];
}
