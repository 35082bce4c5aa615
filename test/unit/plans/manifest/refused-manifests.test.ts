import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BottleError } from '../../../../src/errors.ts';
import { loadText } from '../../../support/load-text.ts';

const route = (rest: string): string => `egress:\n  routes:\n    - host: api.example.com\n      ${rest}\n`;

describe('refused manifests', () => {
  it.each<[string, string, string]>([
    ['an unknown key', 'agent: claude\nsupervize: true', '2:1: unknown key "supervize"'],
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
    [
      'a misspelt key of git',
      'git: { remote: {} }',
      '1:8: unknown key "remote" in git; did you mean "remotes"?',
    ],
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

  it('whatever the text, ends in a manifest or in one line', async () => {
    const part = fc.constantFrom(
      'egress',
      'routes',
      'host',
      'auth',
      'env',
      'agent',
      ': ',
      ':',
      '- ',
      '\n',
      '\n  ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      '&a ',
      '*a',
      '"',
      "'",
      '|',
      '?',
      '!x ',
      '#',
      '~',
      '0',
      '%',
      'a.example',
      '\t',
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (some) => {
        const result = await loadText(some).catch((caught: unknown) => caught);
        if (!(result instanceof Error)) return;
        expect(result).toMatchObject({ code: 'manifest-invalid' });
        expect(result.message).toMatch(/^\/home\/op\/bottles\/api-dev\.yaml:\d+:\d+: \P{Cc}+$/u);
      }),
      { numRuns: 2000 },
    );
  });

  it('lists the keys that are known where one is not', async () => {
    await expect(loadText(route('methd: [GET]'))).rejects.toMatchObject({
      hint: 'Known keys in egress.routes[0]: host, scheme, port, methods, paths, auth, exempt.',
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
