import { describe, expect, it } from 'vitest';
import { BottleError } from '../../../../src/errors.ts';
import { loadFiles, loadText } from '../../../support/load-text.ts';

const route = (rest: string): string => `egress:\n  routes:\n    - host: api.example.com\n      ${rest}\n`;

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
      git: { user: { name: 'bottle', email: 'bottle@localhost' } },
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
    - { host: "*.example.org", scheme: http }
    - { host: 10.20.0.5, scheme: http, port: 8080 }
  allowPrivate: [10.20.0.0/16]
  extraCa: [~/ca.pem]
  network: corp
pipelock: { mode: strict, knownSecrets: [{ env: DATABASE_URL }] }
git: { user: { name: Ada, email: ada@example.com } }
resources: { cpus: 1.5, memory: 512MiB, pids: 100 }
user: root
docker: { runtime: runsc }
`);
    const common = { methods: null, paths: null, auth: null };
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
          { ...common, id: 'egress.routes[4]', host: '*.example.org', scheme: 'http', port: 80 },
          { ...common, id: 'egress.routes[5]', host: '10.20.0.5', scheme: 'http', port: 8080 },
        ],
        allowPrivate: ['10.20.0.0/16'],
        extraCa: ['/home/op/ca.pem'],
        network: 'corp',
      },
      pipelock: { mode: 'strict', knownSecrets: [{ kind: 'env', name: 'DATABASE_URL' }] },
      git: { user: { name: 'Ada', email: 'ada@example.com' } },
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

describe('refused manifests', () => {
  it.each<[string, string, string]>([
    ['an unknown key', 'agent: claude\nsupervise: true', '2:1: unknown key "supervise"'],
    ['a misspelt key', 'enviroment: {}', '1:1: unknown key "enviroment"'],
    [
      'a misspelt key with a known one near',
      'worskpace: {}',
      '1:1: unknown key "worskpace"; did you mean "workspace"?',
    ],
    [
      'a misspelt key before what it makes missing',
      'egress:\n  routes:\n    - hots: a.example',
      '3:7: unknown key "hots" in egress.routes[0]; did you mean "host"?',
    ],
    [
      'a misspelt key of a secret',
      route('auth: { kind: bearer, secret: { envv: A } }'),
      '4:39: unknown key "envv" in egress.routes[0].auth.secret; did you mean "env"?',
    ],
    [
      'a misspelt key of an image',
      'image: { dockerfil: a }',
      '1:10: unknown key "dockerfil" in image; did you mean "dockerfile"?',
    ],
    ['a key of the next version', 'git: { remotes: {} }', '1:8: unknown key "remotes" in git'],
    ['malformed YAML', 'agent: [claude', '1:15: not valid YAML'],
    ['a tab', 'env:\n\tA: b', '2:1: tabs cannot indent'],
    ['a key twice', 'agent: claude\nagent: codex', '2:1: the key is there twice'],
    ['a key twice, deeper', 'env: { A: a, A: b }', '1:14: the key is there twice'],
    ['two documents', 'agent: claude\n---\nagent: codex', '2:1: a manifest is a single document'],
    ['an empty file', '# nothing\n', ': the manifest is empty, not a mapping'],
    ['a list', '- agent', '1:1: the manifest is a list, not a mapping'],
    ['a tag', 'agent: !agent claude', '1:8: tags such as "!name"'],
    ['a number as a key', '1: a', '1:1: the key 1 cannot be a key here'],
    ['a list as a key', '? [a]\n: b', '1:3: a key cannot be a key here'],
    ['a merge key', 'x: &x { A: b }\nenv: { <<: *x }', '1:1: unknown key "x"'],
    ['the key __proto__', 'env: { __proto__: a }', '1:8: the key __proto__ cannot be a key here'],
    ['an alias without an anchor', 'agent: *none', '1:8: the alias "*none" has no anchor before it'],
    ['an alias of what holds it', 'env: &e { A: *e }', '1:14: env.A is a mapping, not text'],
    ['aliases that multiply', toAliasBomb(), '1:1: the file has too many aliases'],
    ['a pit of lists', '['.repeat(40_000), ': the file is nested too deeply'],
    ['a huge file', `# ${'x'.repeat(300_000)}`, '1:1: the file has more than'],
    ['nothing where a list goes', 'egress:\n  routes:\n', '2:10: egress.routes is empty, not a list'],
    [
      'a number for text',
      'env: { PORT: 8080 }',
      '1:14: env.PORT is 8080, not text; write it in quotes: "8080"',
    ],
    ['text for a number', 'resources: { cpus: two }', '1:20: resources.cpus is "two", not a number'],
    ['half a process', 'resources: { pids: 99.5 }', '1:20: resources.pids is 99.5, not a whole number'],
    ['no process', 'resources: { pids: 0 }', '1:20: resources.pids is 0; the least is 16'],
    [
      'memory in other units',
      'resources: { memory: 4GB }',
      '1:22: resources.memory "4GB" is not an amount of memory',
    ],
    [
      'an unknown agent',
      'agent: claud',
      '1:8: agent is "claud", not one of "claude", "codex", "opencode", "shell"; did you mean "claude"?',
    ],
    ['an agent of another type', 'agent: [claude]', '1:8: agent is a list, not text or a mapping'],
    ['an empty command', 'agent: { command: [] }', '1:19: agent.command is an empty list'],
    ['an unknown backend', 'backend: dokcer', '1:10: backend is "dokcer", not "docker"'],
    [
      'an unknown mode',
      'workspace: { mode: mount }',
      '1:20: workspace.mode is "mount", not one of "bind", "clone", "copy"',
    ],
    [
      'an image that is an option',
      'image: --privileged',
      '1:8: image "--privileged" is not a reference of an image',
    ],
    [
      'the host network',
      'egress: { network: host }',
      '1:20: egress.network "host" is not a network the bundle can join',
    ],
    [
      'a reserved variable',
      'env: { HTTPS_PROXY: a }',
      '1:8: env.HTTPS_PROXY is a variable that bottle sets itself',
    ],
    [
      'a reserved variable in small letters',
      'env: { Https_Proxy: a }',
      '1:8: env.Https_Proxy is a variable that bottle sets itself',
    ],
    [
      'a variable of bottle',
      'env: { BOTTLE_X: a }',
      '1:8: env.BOTTLE_X is a variable that bottle sets itself',
    ],
    [
      'a variable with a bad name',
      'env: { "A=B": a }',
      '1:8: env.A=B is not a name of an environment variable',
    ],
    ['a NUL', 'env: { A: "a\\0b" }', '1:11: env.A "a\\u0000b" has a NUL character'],
    [
      'a line end in a name',
      'git: { user: { name: "a\\nb" } }',
      '1:22: git.user.name "a\\nb" has a control character',
    ],
    [
      'a URL for a host',
      'egress: { routes: [{ host: "https://a.example" }] }',
      '1:28: egress.routes[0].host "https://a.example" is not a host',
    ],
    ['a host with a port', 'egress: { routes: [{ host: "a.example:443" }] }', '1:28: egress.routes[0].host'],
    [
      'a wildcard over everything',
      'egress: { routes: [{ host: "*" }] }',
      '1:28: egress.routes[0].host "*" is not a host',
    ],
    [
      'a wildcard over a top-level domain',
      'egress: { routes: [{ host: "*.com" }] }',
      '1:28: egress.routes[0].host "*.com" is not a host',
    ],
    [
      'a host spelt as a number',
      'egress: { routes: [{ host: "2130706433" }] }',
      '1:28: egress.routes[0].host',
    ],
    ['no host', 'egress: { routes: [{ port: 443 }] }', '1:20: egress.routes[0].host is missing; it is text'],
    ['port 0', route('port: 0'), '4:13: egress.routes[0].port is 0; the least is 1'],
    ['port 65536', route('port: 65536'), '4:13: egress.routes[0].port is 65536; the most is 65535'],
    ['a scheme', route('scheme: ftp'), '4:15: egress.routes[0].scheme is "ftp", not one of "https", "http"'],
    [
      'a method in small letters',
      route('methods: [get]'),
      '4:17: egress.routes[0].methods[0] "get" is not a method in capital letters',
    ],
    [
      'CONNECT',
      route('methods: [GET, CONNECT]'),
      '4:22: egress.routes[0].methods[1] "CONNECT" is a method no bottle lets through',
    ],
    ['no methods', route('methods: []'), '4:16: egress.routes[0].methods is an empty list'],
    [
      'a path without a slash',
      route('paths: [v1/**]'),
      '4:15: egress.routes[0].paths[0] "v1/**" is not a path pattern',
    ],
    ['a path that climbs', route('paths: [/a/../b]'), '4:15: egress.routes[0].paths[0]'],
    [
      'a credential in the clear',
      route('scheme: http\n      auth: { kind: bearer, secret: { env: A } }'),
      '5:13: egress.routes[0].auth cannot be sent in the clear',
    ],
    [
      'a credential for a wildcard',
      'egress: { routes: [{ host: "*.a.example", auth: { kind: bearer, secret: { env: A } } }] }',
      '1:49: egress.routes[0].auth cannot go to a wildcard host',
    ],
    [
      'an unknown kind of credential',
      route('auth: { kind: heder, name: a, secret: { env: A } }'),
      '4:21: egress.routes[0].auth.kind is "heder", not one of "header", "bearer", "basic", "query"; did you mean "header"?',
    ],
    [
      'a credential without a kind',
      route('auth: { secret: { env: A } }'),
      '4:13: egress.routes[0].auth.kind is missing',
    ],
    [
      'a credential without a secret',
      route('auth: { kind: bearer }'),
      '4:13: egress.routes[0].auth.secret is missing',
    ],
    [
      'a secret from nowhere',
      route('auth: { kind: bearer, secret: {} }'),
      '4:37: egress.routes[0].auth.secret needs exactly one of "env", "file" and "command"',
    ],
    [
      'a secret from two places',
      route('auth: { kind: bearer, secret: { env: A, file: b } }'),
      '4:37: egress.routes[0].auth.secret needs exactly one of',
    ],
    [
      'a secret itself',
      route('auth: { kind: bearer, secret: hunter2 }'),
      '4:37: egress.routes[0].auth.secret is "hunter2", not a mapping',
    ],
    [
      'a header that is no token',
      route('auth: { kind: header, name: "x key", secret: { env: A } }'),
      '4:35: egress.routes[0].auth.name "x key" is not a name of a header',
    ],
    [
      'the header Host',
      route('auth: { kind: header, name: host, secret: { env: A } }'),
      '4:35: egress.routes[0].auth.name "host" is a header that a credential cannot travel in',
    ],
    [
      'a hop-by-hop header',
      route('auth: { kind: header, name: Connection, secret: { env: A } }'),
      '4:35: egress.routes[0].auth.name "Connection" is a header',
    ],
    [
      'a header of bottle',
      route('auth: { kind: header, name: X-Bottle-Block, secret: { env: A } }'),
      '4:35: egress.routes[0].auth.name',
    ],
    [
      'a user name with a colon',
      route('auth: { kind: basic, username: "a:b", secret: { env: A } }'),
      '4:38: egress.routes[0].auth.username "a:b" has a colon',
    ],
    [
      'the same route twice',
      'egress:\n  routes:\n    - { host: a.example, methods: [GET, PUT] }\n    - { host: A.example, port: 443, methods: [PUT, GET] }',
      '4:7: egress.routes[1] repeats egress.routes[0]',
    ],
    [
      'a range with host bits',
      'egress: { allowPrivate: [10.0.0.1/8] }',
      '1:26: egress.allowPrivate[0] "10.0.0.1/8" is not an address range',
    ],
    [
      'loopback',
      'egress: { allowPrivate: [127.0.0.0/8] }',
      '1:26: egress.allowPrivate[0] "127.0.0.0/8" reaches loopback',
    ],
    [
      'everything, loopback with it',
      'egress: { allowPrivate: [0.0.0.0/0] }',
      '1:26: egress.allowPrivate[0] "0.0.0.0/0" reaches loopback',
    ],
    [
      'the loopback of IPv6',
      'egress: { allowPrivate: ["::1/128"] }',
      '1:26: egress.allowPrivate[0] "::1/128" reaches loopback',
    ],
    ['an escape sequence', 'env: { "\\e[31m": a }', '1:8: env.\\u001b[31m is not a name'],
    ['a C1 escape', 'agent: "\\x9b31m"', '1:8: agent is "\\u009b31m", not one of'],
  ])('%s', async (_case, text, message) => {
    const error = await loadText(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BottleError);
    if (!(error instanceof BottleError)) return;
    expect(error.message).toContain('/home/op/bottles/api-dev.yaml:');
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ code: 'manifest-invalid', exit: 2 });
    // One line that cannot write to the terminal.
    expect(error.message).toMatch(/^\P{Cc}+$/u);
    expect(error.hint).toMatch(/^\P{Cc}+$/u);
  });

  it('lists the keys that are known where one is not', async () => {
    await expect(loadText(route('methd: [GET]'))).rejects.toMatchObject({
      hint: 'Known keys in egress.routes[0]: host, scheme, port, methods, paths, auth.',
    });
  });
});

function toAliasBomb(): string {
  const lines = ['a: &a [x, x]'];
  for (const name of 'bcdefgh') {
    const before = String.fromCharCode(name.charCodeAt(0) - 1);
    lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
  }
  return lines.join('\n');
}
