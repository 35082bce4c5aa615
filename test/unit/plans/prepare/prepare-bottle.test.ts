import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hashJson } from '../../../../src/plans/hash.ts';
import type { HostFacts } from '../../../../src/plans/host-facts.ts';
import type { Manifest } from '../../../../src/plans/manifest.ts';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts, dockerFacts } from '../../../support/host-facts.ts';
import { loadText } from '../../../support/load-text.ts';

const text = `
agent: claude
env: { LOG_LEVEL: debug }
egress:
  routes:
    - host: api.anthropic.com
      methods: [GET, POST]
      paths: [/v1/**]
      auth: { kind: header, name: x-api-key, secret: { env: ANTHROPIC_API_KEY } }
    - host: api.github.com
      auth: { kind: bearer, secret: { file: ~/keys/github } }
    - host: uploads.github.com
      auth: { kind: basic, username: me, secret: { file: ~/keys/github } }
    - host: docs.example.com
pipelock: { knownSecrets: [{ command: [pass, show, db] }, { env: ANTHROPIC_API_KEY }] }
`;

let manifest: Manifest;
beforeAll(async () => {
  manifest = await loadText(text);
});

const withDocker = (changes: Partial<typeof dockerFacts>): Partial<HostFacts> => ({
  backends: { docker: { ...dockerFacts, ...changes } },
});

describe('prepareBottle', () => {
  it('is a frozen JSON value whose hash covers all of it', () => {
    const plan = prepareBottle(manifest, createHostFacts());
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(findUnfrozen(plan)).toEqual([]);
    const { hash, ...rest } = plan;
    expect(hash).toBe(hashJson(rest));
    expect(hashJson(JSON.parse(JSON.stringify(rest)))).toBe(hash);
  });

  it('gives the same bytes for the same manifest and facts, and leaves both as they were', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const before = JSON.stringify([manifest, facts]);
        const first = JSON.stringify(prepareBottle(manifest, facts));
        expect(JSON.stringify(prepareBottle(structuredClone(manifest), structuredClone(facts)))).toBe(first);
        expect(JSON.stringify([manifest, facts])).toBe(before);
        expect(JSON.stringify(JSON.parse(first))).toBe(first);
      }),
    );
  });

  it('names everything by the slug', () => {
    const plan = prepareBottle(manifest, createHostFacts());
    expect(plan).toMatchObject({
      name: 'api-dev',
      slug: 'api-dev-1a2b',
      stateDirectory: '/home/op/.local/state/bottle/instances/api-dev-1a2b',
      backend: {
        kind: 'docker',
        guestNetwork: { name: 'bottle-api-dev-1a2b-net' },
        uplinkNetwork: { kind: 'owned', name: 'bottle-api-dev-1a2b-uplink' },
        bundleContainer: 'bottle-api-dev-1a2b-bundle',
        guestContainer: 'bottle-api-dev-1a2b-guest',
        homeVolume: 'bottle-api-dev-1a2b-home',
        workspaceVolume: null,
      },
    });
  });

  it('makes the backend of the engine there is', () => {
    const facts = createHostFacts({
      backends: { docker: { kind: 'unavailable', reason: 'No engine answers.' } },
    });
    expect(() => prepareBottle(manifest, facts)).toThrow(
      expect.objectContaining({ code: 'backend-unavailable', message: 'No engine answers.', exit: 3 }),
    );
  });
});

describe('secrets', () => {
  it('numbers them in order, equal ones once, and gives each daemon what it needs', () => {
    const plan = prepareBottle(manifest, createHostFacts());
    expect(plan.secrets).toEqual({
      'secret-0': { kind: 'env', name: 'ANTHROPIC_API_KEY' },
      'secret-1': { kind: 'file', path: '/home/op/keys/github' },
      'secret-2': { kind: 'command', argv: ['pass', 'show', 'db'] },
    });
    expect(plan.egress.secretIds).toEqual(['secret-0', 'secret-1']);
    expect(plan.pipelock.knownSecretIds).toEqual(['secret-0', 'secret-1', 'secret-2']);
    expect(plan.egress.routes.map(({ auth }) => auth)).toEqual([
      { kind: 'header', name: 'x-api-key', secretId: 'secret-0' },
      { kind: 'bearer', secretId: 'secret-1' },
      { kind: 'basic', username: 'me', secretId: 'secret-1' },
      null,
    ]);
    expect(plan.bundle.secretLabels).toEqual({
      'secret-0': 'ANTHROPIC_API_KEY',
      'secret-1': 'file github',
      'secret-2': 'command pass',
    });
    expect(plan.egress.secretLabels).toEqual({ 'secret-0': 'ANTHROPIC_API_KEY', 'secret-1': 'file github' });
  });

  it('gives pipelock fingerprints, never values, and every daemon a user of its own', () => {
    const { daemons } = prepareBottle(manifest, createHostFacts()).bundle;
    expect(daemons.map(({ name, uid, secrets }) => [name, uid, secrets])).toEqual([
      ['egress', 2001, { values: ['secret-0', 'secret-1'], fingerprints: [] }],
      ['pipelock', 2002, { values: [], fingerprints: ['secret-0', 'secret-1', 'secret-2'] }],
    ]);
  });

  it('gives pipelock the rules without their credentials', () => {
    const { pipelock, egress } = prepareBottle(manifest, createHostFacts());
    expect(pipelock.rules).toEqual(
      egress.routes.map(({ auth: _auth, ...rule }) => ({ ...rule, exempt: [] })),
    );
    expect(JSON.stringify(pipelock.rules)).not.toContain('secret');
  });
});

describe('addresses', () => {
  it('puts pipelock on the bundle and egress on loopback', () => {
    const plan = prepareBottle(manifest, createHostFacts());
    const { bundle } = plan.backend.guestNetwork;
    expect(plan.pipelock.listen).toEqual({ address: bundle, port: 8888 });
    expect(plan.pipelock.dns).toEqual({ address: bundle, port: 53 });
    expect(plan.egress.listen).toEqual({ address: '127.0.0.1', port: 9099 });
    expect(plan.pipelock.egress).toEqual(plan.egress.listen);
    expect(plan.guest.env.HTTPS_PROXY).toBe(`http://${bundle}:8888`);
  });

  it('uses an existing network as the way out where the manifest names one', async () => {
    const named = await loadText('egress: { network: corp }');
    expect(prepareBottle(named, createHostFacts()).backend.uplinkNetwork).toEqual({
      kind: 'existing',
      name: 'corp',
    });
  });
});

describe('the guest', () => {
  it.each<[string, string, string[] | null, string[]]>([
    ['claude', 'agent: claude', null, ['claude', '--dangerously-skip-permissions']],
    ['codex', 'agent: codex', null, ['codex', '--dangerously-bypass-approvals-and-sandbox']],
    ['opencode', 'agent: opencode', null, ['opencode', '--auto']],
    ['a shell', 'agent: shell', null, ['bash', '-l']],
    ['a command', 'agent: { command: [my-agent, -x] }', null, ['my-agent', '-x']],
    ['what the invocation says', 'agent: claude', ['true'], ['true']],
  ])('runs %s', async (_case, agent, command, argv) => {
    const facts = createHostFacts({ invocation: { command, detach: true, tty: false } });
    const plan = prepareBottle(await loadText(agent), facts);
    expect(plan.guest.argv).toEqual(argv);
    expect([plan.detach, plan.guest.tty]).toEqual([true, false]);
  });

  it('has its own environment, which no manifest overrides, and placeholders for credentials', () => {
    const forged: Manifest = {
      ...manifest,
      env: { ...manifest.env, HTTPS_PROXY: 'http://elsewhere', HOME: '/' },
    };
    const { env } = prepareBottle(forged, createHostFacts()).guest;
    const proxy = env.HTTP_PROXY;
    expect(proxy).toMatch(/^http:\/\/10\.201\.\d+\.\d+:8888$/);
    expect(env).toEqual({
      ANTHROPIC_API_KEY: 'placeholder-for-bottle',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      LOG_LEVEL: 'debug',
      ...{ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, NO_PROXY: 'localhost,127.0.0.1' },
      ...{ http_proxy: proxy, https_proxy: proxy, all_proxy: proxy, no_proxy: 'localhost,127.0.0.1' },
      NODE_EXTRA_CA_CERTS: '/etc/bottle/ca.pem',
      SSL_CERT_FILE: '/etc/bottle/ca.pem',
      REQUESTS_CA_BUNDLE: '/etc/bottle/ca.pem',
      CURL_CA_BUNDLE: '/etc/bottle/ca.pem',
      GIT_SSL_CAINFO: '/etc/bottle/ca.pem',
      NODE_USE_ENV_PROXY: '1',
      GIT_AUTHOR_NAME: 'bottle',
      GIT_AUTHOR_EMAIL: 'bottle@localhost',
      GIT_COMMITTER_NAME: 'bottle',
      GIT_COMMITTER_EMAIL: 'bottle@localhost',
      BOTTLE_NAME: 'api-dev',
      IS_SANDBOX: '1',
      HOME: '/home/agent',
    });
  });

  it('finds its prompt', () => {
    const plan = prepareBottle(manifest, createHostFacts({ prompt: 'Be brief.' }));
    expect(plan.guest.files).toEqual([{ path: 'prompt.md', content: 'Be brief.' }]);
    expect(plan.guest.env.BOTTLE_PROMPT).toBe('/etc/bottle/prompt.md');
    expect(plan.guest.argv).toEqual([
      'claude',
      '--dangerously-skip-permissions',
      '--append-system-prompt',
      'Be brief.',
    ]);
    expect(() => prepareBottle(manifest, createHostFacts({ prompt: 'x'.repeat(65_537) }))).toThrow(
      '65536 bytes',
    );
  });

  it.each<[string, string, Partial<HostFacts>, { uid: number; gid: number }]>([
    ['the operator', '{}', {}, { uid: 1234, gid: 2345 }],
    [
      'the operator, whoever owns the workspace',
      '{}',
      { workspaceOwner: { uid: 7, gid: 7 } },
      { uid: 1234, gid: 2345 },
    ],
    [
      'the owner of a bound workspace under root',
      '{}',
      { user: { uid: 0, gid: 0 }, workspaceOwner: { uid: 7, gid: 8 } },
      { uid: 7, gid: 8 },
    ],
    [
      'an ordinary user under root otherwise',
      '{}',
      { user: { uid: 0, gid: 0 }, workspaceOwner: { uid: 0, gid: 0 } },
      { uid: 1000, gid: 1000 },
    ],
    [
      'an ordinary user for a copy under root',
      'workspace: { mode: copy }',
      { user: { uid: 0, gid: 0 }, workspaceOwner: { uid: 7, gid: 8 } },
      { uid: 1000, gid: 1000 },
    ],
    ['root where the manifest says so', 'user: root', {}, { uid: 0, gid: 0 }],
  ])('runs as %s', async (_case, manifestText, changes, user) => {
    expect(prepareBottle(await loadText(manifestText), createHostFacts(changes)).guest.user).toEqual(user);
  });

  it('asks for no more processors than there are', () => {
    expect(prepareBottle(manifest, createHostFacts(withDocker({ cpus: 1 }))).guest.resources.cpus).toBe(1);
    expect(prepareBottle(manifest, createHostFacts(withDocker({ cpus: 8 }))).guest.resources.cpus).toBe(2);
  });
});

describe('the workspace', () => {
  it.each([
    ['is not there', '{}', { workspaceOwner: null }, '/home/op/work is not a folder'],
    ['holds the manifests', 'workspace: { source: "~" }', {}, 'contains /home/op/bottles/api-dev.yaml'],
    [
      'is where the manifests are',
      'workspace: { source: ~/bottles }',
      {},
      'contains /home/op/bottles/api-dev.yaml',
    ],
    ['holds the state', 'workspace: { source: ~/.local/state }', {}, 'contains /home/op/.local/state/bottle'],
    ['is the whole host', 'workspace: { source: / }', {}, 'contains /'],
    [
      'holds the engine\u2019s socket',
      'workspace: { source: /var/run }',
      {},
      'contains /var/run/docker.sock',
    ],
  ])('is refused when it %s', async (_case, manifestText, changes: Partial<HostFacts>, message) => {
    const loaded = await loadText(manifestText);
    expect(() => prepareBottle(loaded, createHostFacts(changes))).toThrow(message);
  });

  it.each(['{}', 'workspace: { source: ~/bottles-2 }', 'workspace: { source: "~", mode: copy }'])(
    'is taken: %s',
    async (manifestText) => {
      const { guest } = prepareBottle(await loadText(manifestText), createHostFacts());
      expect(guest.workspace.source).toMatch(/^\/home\/op/);
    },
  );

  it('is in a volume unless it is bound', async () => {
    const { backend } = prepareBottle(await loadText('workspace: { mode: clone }'), createHostFacts());
    expect(backend.workspaceVolume).toBe('bottle-api-dev-1a2b-workspace');
  });
});

describe('the runtime', () => {
  it.each([
    ['auto', ['runc'], 'runc'],
    ['auto', ['runc', 'runsc'], 'runsc'],
    ['runc', ['runc', 'runsc'], 'runc'],
    ['runsc', ['runc', 'runsc'], 'runsc'],
  ])('%s with %s gives %s', async (asked, runtimes, chosen) => {
    const loaded = await loadText(`docker: { runtime: ${asked} }`);
    expect(prepareBottle(loaded, createHostFacts(withDocker({ runtimes }))).backend.runtime).toBe(chosen);
  });

  it('is never a weaker one than the manifest asks for', async () => {
    const loaded = await loadText('docker: { runtime: runsc }');
    expect(() => prepareBottle(loaded, createHostFacts())).toThrow(
      expect.objectContaining({ code: 'backend-unavailable', message: expect.stringContaining('"runsc"') }),
    );
  });
});

const anyFacts: fc.Arbitrary<HostFacts> = fc
  .record({
    seed: fc.stringMatching(/^[0-9a-f]{16}$/),
    user: fc.record({ uid: fc.nat(70_000), gid: fc.nat(70_000) }),
    prompt: fc.option(fc.string()),
    extraCa: fc.array(fc.string()),
    invocation: fc.record({
      command: fc.option(fc.array(fc.string(), { minLength: 1 })),
      detach: fc.boolean(),
      tty: fc.boolean(),
    }),
    takenSubnets: fc.array(fc.constantFrom('10.201.0.0/17', '10.0.0.0/28', '172.17.0.0/16')),
  })
  .map(createHostFacts);

function findUnfrozen(value: unknown, path = 'plan'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, part]) => findUnfrozen(part, `${path}.${key}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}
