import { describe, expect, it } from 'vitest';
import type { BottleError } from '../../../../src/errors.ts';
import { hostKey } from '../../../support/known-host.ts';
import { loadFiles, loadText } from '../../../support/load-text.ts';

const refuse = {
  submodules: 'refuse',
  attributes: 'refuse',
  hooks: 'refuse',
  symlinks: 'refuse',
  lfs: 'refuse',
} as const;
/** What a remote is that says nothing but where it is. */
const readOnly = {
  push: [],
  force: false,
  approve: false,
  checks: refuse,
  maxPushBytes: 1024 ** 3,
  maxFileBytes: 100 * 1024 ** 2,
} as const;

describe('loadManifest', () => {
  it('writes out every default', async () => {
    expect(await loadText('agent: claude\n')).toEqual({
      name: 'api-dev',
      sources: ['/home/op/bottles/api-dev.yaml'],
      backend: null,
      image: { kind: 'agent' },
      agent: { kind: 'claude' },
      prompt: null,
      workspace: { source: '/home/op/work', mode: 'bind' },
      env: {},
      egress: { routes: [], allowPrivate: [], extraCa: [], network: null },
      pipelock: { mode: 'strict', knownSecrets: [] },
      git: { user: { name: 'bottle', email: 'bottle@localhost' }, remotes: [] },
      supervise: null,
      resources: { cpus: 2, memoryBytes: 4 * 1024 ** 3, pids: 512 },
      user: 'agent',
      docker: { runtime: 'auto' },
    });
  });

  it('takes every key', async () => {
    const manifest = await loadText(`
backend: docker
image: { dockerfile: ./guest/Dockerfile }
agent: { command: [my-agent, --fast] }
prompt: ./prompt.md
workspace: { source: ~/src/api, mode: clone }
env: { LOG_LEVEL: debug, EMPTY: "" }
egress:
  routes:
    - host: API.example.com
      methods: [GET, POST]
      paths: [/v1/**]
      auth: { kind: header, name: x-api-key, secret: { env: API_KEY } }
    - host: b.example.com
      port: 8443
      auth: { kind: bearer, secret: { file: ./keys/b } }
    - host: c.example.com
      auth: { kind: basic, username: me, secret: { command: [./bin/key, c] } }
    - host: d.example.com
      auth: { kind: query, name: key, secret: { command: [pass, show, d] } }
    - { host: "*.example.org", scheme: http, exempt: [DATABASE_URL] }
    - { host: 10.20.0.5, scheme: http, port: 8080 }
  allowPrivate: [10.20.0.0/16]
  extraCa: [~/ca.pem]
  network: corp
pipelock: { mode: strict, knownSecrets: [{ env: DATABASE_URL }] }
git:
  user: { name: Ada, email: ada@example.com }
  remotes:
    origin:
      url: ssh://git@Git.example.com:2222/o/r.git
      identity: ./keys/id
      knownHost: "[git.example.com]:2222 ${hostKey} somebody"
      push: [agent/*, refs/tags/v*]
      force: true
      approve: true
      checks: { lfs: report }
      maxPush: 10MiB
      maxFile: 1MiB
    mirror: { url: "https://git.example.com/o/r/", token: { file: ./keys/token }, username: oauth2 }
    docs: { url: "https://git.example.com/o/docs.git" }
supervise: { timeout: 90s, notify: [./bin/tell, me] }
resources: { cpus: 1.5, memory: 512MiB, pids: 100 }
user: root
docker: { runtime: runsc }
`);
    const common = { methods: null, paths: null, auth: null, exempt: [] };
    expect(manifest).toEqual({
      name: 'api-dev',
      sources: ['/home/op/bottles/api-dev.yaml'],
      backend: 'docker',
      image: { kind: 'dockerfile', path: '/home/op/bottles/guest/Dockerfile' },
      agent: { kind: 'command', argv: ['my-agent', '--fast'] },
      prompt: '/home/op/bottles/prompt.md',
      workspace: { source: '/home/op/src/api', mode: 'clone' },
      env: { LOG_LEVEL: 'debug', EMPTY: '' },
      egress: {
        routes: [
          {
            id: 'egress.routes[0]',
            host: 'api.example.com',
            scheme: 'https',
            port: 443,
            methods: ['GET', 'POST'],
            paths: ['/v1/**'],
            auth: { kind: 'header', name: 'x-api-key', secret: { kind: 'env', name: 'API_KEY' } },
            exempt: [],
          },
          {
            ...common,
            id: 'egress.routes[1]',
            host: 'b.example.com',
            scheme: 'https',
            port: 8443,
            auth: { kind: 'bearer', secret: { kind: 'file', path: '/home/op/bottles/keys/b' } },
          },
          {
            ...common,
            id: 'egress.routes[2]',
            host: 'c.example.com',
            scheme: 'https',
            port: 443,
            auth: {
              kind: 'basic',
              username: 'me',
              secret: { kind: 'command', argv: ['/home/op/bottles/bin/key', 'c'] },
            },
          },
          {
            ...common,
            id: 'egress.routes[3]',
            host: 'd.example.com',
            scheme: 'https',
            port: 443,
            auth: { kind: 'query', name: 'key', secret: { kind: 'command', argv: ['pass', 'show', 'd'] } },
          },
          {
            ...common,
            id: 'egress.routes[4]',
            host: '*.example.org',
            scheme: 'http',
            port: 80,
            exempt: ['DATABASE_URL'],
          },
          { ...common, id: 'egress.routes[5]', host: '10.20.0.5', scheme: 'http', port: 8080 },
        ],
        allowPrivate: ['10.20.0.0/16'],
        extraCa: ['/home/op/ca.pem'],
        network: 'corp',
      },
      pipelock: { mode: 'strict', knownSecrets: [{ kind: 'env', name: 'DATABASE_URL' }] },
      git: {
        user: { name: 'Ada', email: 'ada@example.com' },
        remotes: [
          {
            name: 'origin',
            url: 'ssh://git@Git.example.com:2222/o/r.git',
            upstream: {
              kind: 'ssh',
              user: 'git',
              host: 'git.example.com',
              port: 2222,
              path: '/o/r.git',
              knownHosts: [`[git.example.com]:2222 ${hostKey}`],
              identity: { kind: 'key-file', path: '/home/op/bottles/keys/id' },
            },
            push: ['agent/*', 'refs/tags/v*'],
            force: true,
            approve: true,
            checks: { ...refuse, lfs: 'report' },
            maxPushBytes: 10 * 1024 ** 2,
            maxFileBytes: 1024 ** 2,
          },
          {
            name: 'mirror',
            url: 'https://git.example.com/o/r/',
            upstream: {
              kind: 'https',
              host: 'git.example.com',
              port: 443,
              path: '/o/r',
              auth: { username: 'oauth2', secret: { kind: 'file', path: '/home/op/bottles/keys/token' } },
            },
            ...readOnly,
          },
          {
            name: 'docs',
            url: 'https://git.example.com/o/docs.git',
            upstream: { kind: 'https', host: 'git.example.com', port: 443, path: '/o/docs.git', auth: null },
            ...readOnly,
          },
        ],
      },
      supervise: { answerTimeoutMs: 90_000, notify: ['/home/op/bottles/bin/tell', 'me'] },
      resources: { cpus: 1.5, memoryBytes: 512 * 1024 ** 2, pids: 100 },
      user: 'root',
      docker: { runtime: 'runsc' },
    });
    expect(Object.isFrozen(manifest.egress.routes[0]?.auth)).toBe(true);
  });

  it('resolves the workspace where the operator is, other paths at the file', async () => {
    expect((await loadText('workspace: { source: api }')).workspace.source).toBe('/home/op/work/api');
    expect((await loadText('prompt: ../p.md')).prompt).toBe('/home/op/p.md');
  });

  it('counts aliases as what they stand for', async () => {
    const { egress } = await loadText(
      'egress: { routes: [{ host: a.example, methods: &m [GET] }, { host: b.example, methods: *m }] }',
    );
    expect(egress.routes.map(({ methods }) => methods)).toEqual([['GET'], ['GET']]);
  });
});

describe('extends', () => {
  it('merges env, overlays the git user and sections, replaces lists and scalars', async () => {
    const manifest = await loadFiles({
      'api-dev': `
extends: team
agent: codex
env: { B: own, C: own }
git: { user: { email: own@example.com } }
resources: { cpus: 1 }
egress: { routes: [{ host: own.example }] }
`,
      team: `
extends: all
agent: claude
prompt: ./team.md
env: { A: team, B: team }
egress: { routes: [{ host: a.example }, { host: b.example }], extraCa: [./team.pem] }
`,
      all: 'git: { user: { name: All, email: all@example.com } }\nresources: { pids: 99 }\nuser: root\n',
    });
    expect(manifest).toMatchObject({
      sources: ['/home/op/bottles/api-dev.yaml', '/home/op/bottles/team.yaml', '/home/op/bottles/all.yaml'],
      agent: { kind: 'codex' },
      prompt: '/home/op/bottles/team.md',
      env: { A: 'team', B: 'own', C: 'own' },
      git: { user: { name: 'All', email: 'own@example.com' } },
      resources: { cpus: 1, memoryBytes: 4 * 1024 ** 3, pids: 99 },
      user: 'root',
    });
    expect(manifest.egress.routes.map(({ host }) => host)).toEqual(['own.example']);
    expect(manifest.egress.extraCa).toEqual(['/home/op/bottles/team.pem']);
  });

  it('replaces remotes by name, each whole', async () => {
    const { git } = await loadFiles({
      'api-dev': 'extends: team\ngit: { remotes: { a: { url: "https://own.example/a" } } }',
      team: `
git:
  remotes:
    a: { url: "https://team.example/a", token: { env: A }, push: [agent/*] }
    b: { url: "https://team.example/b" }
`,
    });
    expect(git.remotes).toMatchObject([
      { name: 'a', url: 'https://own.example/a', upstream: { auth: null }, push: [] },
      { name: 'b', url: 'https://team.example/b' },
    ]);
  });

  it.each([
    ['true keeps how', 'true', { answerTimeoutMs: 300_000, notify: ['tell'] }],
    ['a mapping overlays', '{ timeout: 1h }', { answerTimeoutMs: 3_600_000, notify: ['tell'] }],
    ['false ends it', 'false', null],
  ])('supervise: %s', async (_case, own, supervise) => {
    const manifest = await loadFiles({
      'api-dev': `extends: team\nsupervise: ${own}`,
      team: 'supervise: { timeout: 5m, notify: [tell] }',
    });
    expect(manifest.supervise).toEqual(supervise);
  });

  it('says what shows only in the whole at the file that says it', async () => {
    const remote = (name: string) => `git: { remotes: { ${name}: { url: "https://a.example/r" } } }`;
    await expect(
      loadFiles({ 'api-dev': `extends: team\n${remote('b')}`, team: remote('a') }),
    ).rejects.toThrow('api-dev.yaml:2:29: git.remotes.b.url is the repository of git.remotes.a too');
    await expect(
      loadFiles({
        'api-dev': 'extends: team\npipelock: { knownSecrets: [] }',
        team: '# routes\negress: { routes: [{ host: a.example, exempt: [A] }] }\npipelock: { knownSecrets: [{ env: A }] }',
      }),
    ).rejects.toThrow('team.yaml:2:48: egress.routes[0].exempt[0] "A" is not in pipelock.knownSecrets');
  });

  it.each([
    [
      'itself',
      { 'api-dev': 'extends: api-dev' },
      'api-dev.yaml:1:10: extends goes round in a circle: api-dev -> api-dev',
    ],
    [
      'a circle',
      { 'api-dev': 'extends: a', a: 'extends: b', b: '\nextends: a' },
      'b.yaml:2:10: extends goes round in a circle: a -> b -> a',
    ],
    ['nothing', { 'api-dev': 'extends: gone' }, 'api-dev.yaml:1:10: extends names "gone"'],
    [
      'a bad base',
      { 'api-dev': 'extends: a', a: 'agnet: x' },
      'a.yaml:1:1: unknown key "agnet"; did you mean "agent"?',
    ],
    ['a path', { 'api-dev': 'extends: ../a' }, 'api-dev.yaml:1:10: extends "../a" is not a name of a bottle'],
  ])('refuses %s', async (_case, files, message) => {
    const error = await loadFiles(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'manifest-invalid', exit: 2 });
    expect((error as BottleError).message).toContain(`/home/op/bottles/${message}`);
  });
});

describe('a manifest that is not there, or has a bad name', () => {
  it('names the command that makes it', async () => {
    await expect(loadFiles({})).rejects.toMatchObject({
      code: 'manifest-not-found',
      exit: 2,
      hint: 'Create it with "bottle init api-dev".',
    });
  });
});
