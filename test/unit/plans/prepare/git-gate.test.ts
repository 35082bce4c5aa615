import { beforeAll, describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../../../src/plans/bottle-plan.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../../support/host-facts.ts';
import { hostKey } from '../../../support/known-host.ts';
import { loadText } from '../../../support/load-text.ts';

const text = `
egress:
  routes: [{ host: a.example, auth: { kind: bearer, secret: { env: SHARED } } }]
pipelock: { knownSecrets: [{ env: SHARED }, { env: DATABASE_URL }, { env: TOKEN }] }
git:
  remotes:
    origin: { url: "git@a.example:o/r.git", identity: ~/id, knownHost: "${hostKey}", push: [agent/*] }
    shared: { url: "https://a.example:8443/o/s", token: { env: SHARED } }
    other: { url: "https://a.example/o/t", token: { env: TOKEN }, maxPush: 2MiB }
supervise: { timeout: 5m }
`;

const prepare = async (manifest: string): Promise<BottlePlan> =>
  prepareBottle(await loadText(manifest), createHostFacts({ extraCa: ['PEM'] }));

let plan: BottlePlan;
beforeAll(async () => {
  plan = await prepare(text);
});

describe('the git gate', () => {
  it('listens on the bundle, and knows its remotes by host and path', () => {
    expect(plan.gitGate).toMatchObject({
      listen: { address: plan.backend.guestNetwork.bundle, port: 9418 },
      extraCa: ['PEM'],
      remotes: [
        { name: 'origin', gatePath: 'a.example/o/r', limits: { maxPushBytes: 1024 ** 3 } },
        { name: 'shared', gatePath: 'a.example:8443/o/s' },
        { name: 'other', gatePath: 'a.example/o/t', limits: { maxPushBytes: 2 * 1024 ** 2 } },
      ],
    });
  });

  it('has a volume for its mirrors', async () => {
    expect(plan.backend.mirrorVolume).toBe('bottle-api-dev-1a2b-mirrors');
    expect((await prepare('supervise: true')).backend.mirrorVolume).toBeNull();
  });

  it('has the values of its own keys and tokens, and marks of all that is known', () => {
    expect(plan.secrets).toEqual({
      'secret-0': { kind: 'env', name: 'SHARED' },
      'secret-1': { kind: 'key-file', path: '/home/op/id' },
      'secret-2': { kind: 'env', name: 'TOKEN' },
      'secret-3': { kind: 'env', name: 'DATABASE_URL' },
    });
    expect(plan.gitGate?.secretIds).toEqual(['secret-1', 'secret-0', 'secret-2']);
    expect(plan.gitGate?.secretLabels).toEqual({
      'secret-0': 'SHARED',
      'secret-1': 'key id',
      'secret-2': 'TOKEN',
    });
    const daemon = plan.bundle.daemons.find(({ name }) => name === 'git-gate');
    expect(daemon).toMatchObject({
      uid: 2003,
      gid: 2003,
      hearsRefusals: false,
      secrets: {
        values: ['secret-1', 'secret-0', 'secret-2'],
        fingerprints: ['secret-0', 'secret-1', 'secret-2', 'secret-3'],
      },
    });
  });

  it('gives no other daemon a key or a token', () => {
    const values = plan.bundle.daemons.map(({ name, secrets }) => [name, secrets.values]);
    expect(values).toEqual([
      ['egress', ['secret-0']],
      ['pipelock', []],
      ['git-gate', ['secret-1', 'secret-0', 'secret-2']],
      ['supervise', []],
    ]);
    expect(plan.egress.secretIds).toEqual(['secret-0']);
  });

  it('has pipelock look for its keys and tokens', () => {
    expect(plan.pipelock.knownSecretIds).toEqual(['secret-0', 'secret-1', 'secret-2', 'secret-3']);
  });

  it('waits for approvals as long as requests wait', async () => {
    expect(plan.gitGate?.limits.approvalTimeoutMs).toBe(300_000);
    const alone = await prepare('git: { remotes: { a: { url: "https://a.example/r", approve: true } } }');
    expect(alone.gitGate?.limits.approvalTimeoutMs).toBe(900_000);
  });
});

describe('an agent that pushes', () => {
  const approved = (agent: string, approve: boolean, timeout = '15m') => `
agent: ${agent}
git: { remotes: { a: { url: "https://a.example/r", push: [agent/*], approve: ${approve} } } }
supervise: { timeout: ${timeout} }
`;

  it.each([
    ['claude', true, '15m', '960000'],
    ['claude', true, '10s', '600000'],
    ['claude', false, '15m', undefined],
    ['codex', true, '15m', undefined],
  ])('%s has time to wait where approve is %s, for %s', async (agent, approve, timeout, time) => {
    const { env } = (await prepare(approved(agent, approve, timeout))).guest;
    expect([env.BASH_DEFAULT_TIMEOUT_MS, env.BASH_MAX_TIMEOUT_MS]).toEqual([time, time]);
  });
});

describe('supervise', () => {
  it('listens on the bundle, hears refusals and has no secret', () => {
    expect(plan.supervise).toMatchObject({
      listen: { address: plan.backend.guestNetwork.bundle, port: 9100 },
      answerTimeoutMs: 300_000,
    });
    expect(plan.bundle.daemons.find(({ name }) => name === 'supervise')).toMatchObject({
      uid: 2004,
      gid: 2004,
      hearsRefusals: true,
      secrets: { values: [], fingerprints: [] },
    });
  });

  it('lets an agent ask to exempt what is no credential, and nothing else', () => {
    expect(plan.supervise?.exemptible).toEqual(['DATABASE_URL']);
    expect(plan.pipelock.exemptible).toEqual(['DATABASE_URL']);
  });
});

it('no daemon runs that the manifest does not ask for', async () => {
  const names = async (manifest: string) => (await prepare(manifest)).bundle.daemons.map(({ name }) => name);
  expect(await names('agent: shell')).toEqual(['egress', 'pipelock']);
  expect(await names('supervise: true')).toEqual(['egress', 'pipelock', 'supervise']);
  expect(await names('git: { remotes: { a: { url: "https://a.example/r" } } }')).toEqual([
    'egress',
    'pipelock',
    'git-gate',
  ]);
  const bare = await prepare('supervise: false');
  expect([bare.gitGate, bare.supervise]).toEqual([null, null]);
});
