import { describe, expect, it } from 'vitest';
import type { GitGatePlan } from '../../../../src/plans/git-gate-plan.ts';
import { parseGitGateConfiguration } from '../../../../src/sidecars/git-gate/configuration.ts';
import { toRemote } from './start-gate.ts';

const ssh = {
  kind: 'ssh',
  user: 'git',
  host: 'github.com',
  port: 22,
  path: 'o/r.git',
  knownHosts: ['github.com ssh-ed25519 AAAA'],
  identity: 'secret-0',
} as const;
const https = {
  kind: 'https',
  host: '2001:db8::1',
  port: 8443,
  path: '/o/r.git',
  auth: { username: 'x', secretId: 'secret-1' },
} as const;
const web = toRemote(https, { name: 'web', gatePath: 'g' });

const plan: GitGatePlan = {
  listen: { address: '10.0.0.2', port: 9418 },
  remotes: [toRemote(ssh), web],
  mirrorDirectory: '/var/lib/bottle/git-gate/mirrors',
  queueDirectory: '/var/lib/bottle/git-gate/queue',
  extraCa: ['PEM'],
  secretIds: ['secret-0', 'secret-1'],
  secretLabels: { 'secret-0': 'key', 'secret-1': 'token' },
  limits: {
    maxGitMemoryBytes: 1024 ** 3,
    maxConnections: 8,
    requestTimeoutMs: 1,
    refreshTimeoutMs: 1,
    pushTimeoutMs: 1,
    idleTimeoutMs: 1,
    approvalTimeoutMs: 1,
  },
};
const parse = (value: object) => parseGitGateConfiguration(JSON.stringify({ version: 1, ...value }));
const withUpstream = (upstream: object) => parse({ ...plan, remotes: [{ ...toRemote(ssh), upstream }] });

describe('git-gate.json', () => {
  it('is read as the plan it was written from', () => {
    expect(parse(plan)).toEqual(plan);
  });

  it.each([
    ['another version', { ...plan, version: 2 }],
    ['an unknown key', { ...plan, more: 1 }],
    ['another folder for mirrors', { ...plan, mirrorDirectory: '/tmp' }],
    ['two remotes of one name', { ...plan, remotes: [toRemote(ssh), toRemote(ssh, { gatePath: 'g' })] }],
    ['two remotes of one path', { ...plan, remotes: [toRemote(ssh), toRemote(ssh, { name: 'x' })] }],
    [
      'a secret that does not come',
      { ...plan, secretIds: ['secret-0'], secretLabels: { 'secret-0': 'key' } },
    ],
    ['a name that is a way up', { ...plan, remotes: [toRemote(ssh, { name: '..' })] }],
    ['a name that is an option', { ...plan, remotes: [toRemote(ssh, { name: '-x' })] }],
    ['memory in which git does not start', { ...plan, limits: { ...plan.limits, maxGitMemoryBytes: 1 } }],
  ])('is refused with %s', (_name, value) => {
    expect(() => parse(value)).toThrow(/^git-gate\.json: /);
  });

  it.each([
    ['a user that is an option', { ...ssh, user: '-oProxyCommand=id' }],
    ['a host that is an option', { ...ssh, host: '-oProxyCommand=id' }],
    ['a host with a line end', { ...ssh, host: 'h\n  ProxyCommand id' }],
    ['a path that ends a quote', { ...ssh, path: "r.git'; id; '" }],
    ['a path that is an option', { ...ssh, path: '--upload-pack=id' }],
    ['a pinned key with a second line', { ...ssh, knownHosts: ['a ssh-ed25519 A\n* ssh-ed25519 B'] }],
    ['a port that is none', { ...ssh, port: 0 }],
    ['a web path with a line end', { ...https, path: '/r\n' }],
    ['a web path that is a query', { ...https, path: '/r?x' }],
    ['a user name with a colon', { ...https, auth: { username: 'a:b', secretId: 'secret-1' } }],
    ['another protocol', { ...https, kind: 'http' }],
    ['a local folder', { kind: 'file', path: '/' }],
  ])('is refused with %s', (_name, upstream) => {
    expect(() => withUpstream(upstream)).toThrow(/^git-gate\.json: /);
  });
});
