import type {
  GitGateLimits,
  GitGatePlan,
  GitPushLimits,
  GitRemotePlan,
  GitUpstream,
} from '../../plans/git-gate-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import { queueLimits } from '../../queue/queue-limits.ts';
import { parseSecretId, parseSecretIds, parseSecretLabels } from '../daemon/secret-ids.ts';
import {
  parseBoolean,
  parseChoice,
  parseDictionary,
  parseList,
  parseRecord,
  parseText,
  parseVersionedFile,
  parseWholeNumber,
} from '../daemon/strict-json.ts';

const file = 'git-gate.json';
const planKeys = [
  'listen',
  'remotes',
  'mirrorDirectory',
  'queueDirectory',
  'extraCa',
  'secretIds',
  'secretLabels',
  'limits',
];
const remoteKeys = ['name', 'url', 'gatePath', 'upstream', 'push', 'force', 'approve', 'checks', 'limits'];
const checkNames = ['submodules', 'attributes', 'hooks', 'symlinks', 'lfs'] as const;
const dayMs = 86_400_000;
const most = Number.MAX_SAFE_INTEGER;
/** Names folders, and is part of what git reads as a URL. */
const remoteName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const hostName = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*)$/;
const userName = /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,63}$/;
/** SECURITY: what ssh's server hands to a shell, and what a URL ends at; nothing of them in a path. */
const sshPath = /^[A-Za-z0-9/~][A-Za-z0-9/~._@+ -]*$/;
const urlPath = /^\/[A-Za-z0-9/~._@+%:,=!$&()*;-]*$/;
/** What reads known_hosts ends a line at a line's end and nowhere else. */
const knownHostLine = /^[\x20-\x7e]+$/;

/**
 * Makes a {@link GitGatePlan} from the text of `git-gate.json`.
 * @throws Error that names the place of the first thing that is not as it should be.
 */
export function parseGitGateConfiguration(text: string): GitGatePlan {
  const record = parseVersionedFile(text, file, planKeys);
  const secretIds = parseSecretIds(record.secretIds, `${file}: secretIds`);
  const remotes = parseList(record.remotes, `${file}: remotes`, parseRemote);
  for (const field of ['name', 'gatePath'] as const) {
    if (new Set(remotes.map((remote) => remote[field])).size !== remotes.length) {
      throw new Error(`${file}: remotes: two have the same ${field}`);
    }
  }
  const stray = remotes.find((remote) => secretsOf(remote.upstream).some((id) => !secretIds.includes(id)));
  if (stray !== undefined) throw new Error(`${file}: ${stray.name} needs a secret that is not in secretIds`);
  const listen = parseRecord(record.listen, `${file}: listen`, ['address', 'port']);
  return {
    listen: {
      address: parseText(listen.address, `${file}: listen.address`),
      port: parseWholeNumber(listen.port, `${file}: listen.port`, 0, 65_535),
    },
    remotes,
    mirrorDirectory: parseChoice(record.mirrorDirectory, `${file}: mirrorDirectory`, [
      '/var/lib/bottle/git-gate/mirrors',
    ]),
    queueDirectory: parseChoice(record.queueDirectory, `${file}: queueDirectory`, [
      '/var/lib/bottle/git-gate/queue',
    ]),
    extraCa: parseList(record.extraCa, `${file}: extraCa`, parseText),
    secretIds,
    secretLabels: parseSecretLabels(record.secretLabels, `${file}: secretLabels`, secretIds),
    limits: parseLimits(record.limits, `${file}: limits`),
  };
}

function secretsOf(upstream: GitUpstream): readonly SecretId[] {
  if (upstream.kind === 'ssh') return [upstream.identity];
  return upstream.auth === null ? [] : [upstream.auth.secretId];
}

function parseRemote(value: unknown, at: string): GitRemotePlan {
  const record = parseRecord(value, at, remoteKeys);
  return {
    name: parseMatch(record.name, `${at}.name`, remoteName),
    url: parseText(record.url, `${at}.url`),
    gatePath: parseText(record.gatePath, `${at}.gatePath`),
    upstream: parseUpstream(record.upstream, `${at}.upstream`),
    push: parseList(record.push, `${at}.push`, parseText),
    force: parseBoolean(record.force, `${at}.force`),
    approve: parseBoolean(record.approve, `${at}.approve`),
    checks: parseChecks(record.checks, `${at}.checks`),
    limits: parsePushLimits(record.limits, `${at}.limits`),
  };
}

function parseUpstream(value: unknown, at: string): GitUpstream {
  const kind = parseChoice(parseDictionary(value, at).kind, `${at}.kind`, ['ssh', 'https']);
  const keys = ['kind', 'host', 'port', 'path'];
  const record = parseRecord(value, at, [
    ...keys,
    ...(kind === 'ssh' ? ['user', 'knownHosts', 'identity'] : ['auth']),
  ]);
  const host = parseMatch(record.host, `${at}.host`, hostName);
  const port = parseWholeNumber(record.port, `${at}.port`, 1, 65_535);
  if (kind === 'https') {
    const path = parseMatch(record.path, `${at}.path`, urlPath);
    return {
      kind,
      host,
      port,
      path,
      auth: record.auth === null ? null : parseAuth(record.auth, `${at}.auth`),
    };
  }
  const knownHosts = parseList(record.knownHosts, `${at}.knownHosts`, (line, lineAt) =>
    parseMatch(line, lineAt, knownHostLine),
  );
  return {
    kind,
    user: parseMatch(record.user, `${at}.user`, userName),
    host,
    port,
    path: parseMatch(record.path, `${at}.path`, sshPath),
    knownHosts,
    identity: parseSecretId(record.identity, `${at}.identity`),
  };
}

function parseAuth(value: unknown, at: string): { readonly username: string; readonly secretId: SecretId } {
  const record = parseRecord(value, at, ['username', 'secretId']);
  return {
    username: parseMatch(record.username, `${at}.username`, /^[\x20-\x39\x3b-\x7e]{0,256}$/),
    secretId: parseSecretId(record.secretId, `${at}.secretId`),
  };
}

function parseChecks(value: unknown, at: string): GitRemotePlan['checks'] {
  const record = parseRecord(value, at, checkNames);
  const action = (name: (typeof checkNames)[number]) =>
    parseChoice(record[name], `${at}.${name}`, ['refuse', 'report']);
  return {
    submodules: action('submodules'),
    attributes: action('attributes'),
    hooks: action('hooks'),
    symlinks: action('symlinks'),
    lfs: action('lfs'),
  };
}

function parsePushLimits(value: unknown, at: string): GitPushLimits {
  const keys = ['maxPushBytes', 'maxFileBytes', 'maxUnpackedBytes', 'maxRefs', 'maxCommits'];
  const record = parseRecord(value, at, keys);
  return {
    maxPushBytes: parseWholeNumber(record.maxPushBytes, `${at}.maxPushBytes`, 1, most),
    maxFileBytes: parseWholeNumber(record.maxFileBytes, `${at}.maxFileBytes`, 1, most),
    maxUnpackedBytes: parseWholeNumber(record.maxUnpackedBytes, `${at}.maxUnpackedBytes`, 1, most),
    // A request to the operator holds no more refs, and the arguments of a git process have an end.
    maxRefs: parseWholeNumber(record.maxRefs, `${at}.maxRefs`, 1, queueLimits.maxRefUpdates),
    maxCommits: parseWholeNumber(record.maxCommits, `${at}.maxCommits`, 1, most),
  };
}

function parseLimits(value: unknown, at: string): GitGateLimits {
  const times = [
    'requestTimeoutMs',
    'refreshTimeoutMs',
    'pushTimeoutMs',
    'idleTimeoutMs',
    'approvalTimeoutMs',
  ] as const;
  const record = parseRecord(value, at, ['maxGitMemoryBytes', 'maxConnections', ...times]);
  const time = (name: (typeof times)[number]) => parseWholeNumber(record[name], `${at}.${name}`, 1, dayMs);
  return {
    // Below this git's own children, one of which is Node, do not start.
    maxGitMemoryBytes: parseWholeNumber(
      record.maxGitMemoryBytes,
      `${at}.maxGitMemoryBytes`,
      128 * 1024 * 1024,
      most,
    ),
    maxConnections: parseWholeNumber(record.maxConnections, `${at}.maxConnections`, 1, 10_000),
    requestTimeoutMs: time('requestTimeoutMs'),
    refreshTimeoutMs: time('refreshTimeoutMs'),
    pushTimeoutMs: time('pushTimeoutMs'),
    idleTimeoutMs: time('idleTimeoutMs'),
    approvalTimeoutMs: time('approvalTimeoutMs'),
  };
}

function parseMatch(value: unknown, at: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Error(`${at}: is not written as it must be`);
  return value;
}
