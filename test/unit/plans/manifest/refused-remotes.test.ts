import { describe, expect, it } from 'vitest';
import { hostKey } from '../../../support/known-host.ts';
import { loadText } from '../../../support/load-text.ts';

const ssh = `url: "git@a.example:o/r.git", identity: ./id, knownHost: "${hostKey}"`;
const https = 'url: "https://a.example/o/r.git", token: { env: T }';
const remote = (fields: string, name = 'origin'): string => `git: { remotes: { ${name}: { ${fields} } } }`;

describe('remotes', () => {
  it.each([
    ['ssh', ssh],
    ['https', https],
    ['https without a token', 'url: "https://a.example/o/r.git"'],
    [
      'all that goes with ssh',
      `${ssh}, push: [agent/*], force: true, approve: true, maxPush: 1GiB, maxFile: 1KiB`,
    ],
    ['all that goes with https', `${https}, username: oauth2, checks: { hooks: report, lfs: refuse }`],
    ['one that may not be pushed to', `${https}, push: []`],
  ])('are taken: %s', async (_case, fields) => {
    expect((await loadText(remote(fields))).git.remotes).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    [
      'a URL in the clear',
      remote('url: "http://a.example/r"'),
      '1:34: git.remotes.origin.url "http://a.example/r" goes in the clear',
    ],
    ['a helper to run', remote('url: "ext::sh"'), 'origin.url "ext::sh" names a helper'],
    ['no URL', remote('push: [a]'), 'git.remotes.origin.url is missing; it is text'],
    [
      'ssh without a key',
      remote(`url: "git@a.example:r", knownHost: "${hostKey}"`),
      '1:27: git.remotes.origin.identity is missing; it is the path of a private key',
    ],
    [
      'ssh without a known host',
      remote('url: "git@a.example:r", identity: ./id'),
      '1:27: git.remotes.origin.knownHost is missing; it is what "ssh-keyscan a.example" prints',
    ],
    [
      'ssh with the key of another host',
      remote(`url: "git@a.example:r", identity: ./id, knownHost: "b.example ${hostKey}"`),
      'git.remotes.origin.knownHost is for "b.example", and ssh looks for "a.example"',
    ],
    [
      'a known host that is a number',
      remote('url: "git@a.example:r", identity: ./id, knownHost: 5'),
      'origin.knownHost is 5, not text or a list',
    ],
    [
      'a list with a number',
      remote('url: "git@a.example:r", identity: ./id, knownHost: [5]'),
      'origin.knownHost[0] is 5, not text',
    ],
    [
      'a mapping of known hosts',
      remote('url: "git@a.example:r", identity: ./id, knownHost: {}'),
      'origin.knownHost is a mapping, not text or a list',
    ],
    [
      'an empty list of known hosts',
      remote('url: "git@a.example:r", identity: ./id, knownHost: []'),
      'origin.knownHost is an empty list',
    ],
    [
      'ssh with a token',
      remote(`${ssh}, token: { env: T }`),
      'git.remotes.origin.token goes with https, and the URL is ssh',
    ],
    ['ssh with a user name', remote(`${ssh}, username: x`), 'git.remotes.origin.username goes with https'],
    [
      'https with a key',
      remote(`${https}, identity: ./id`),
      'git.remotes.origin.identity goes with ssh, and the URL is https',
    ],
    [
      'https with a known host',
      remote(`${https}, knownHost: x`),
      'git.remotes.origin.knownHost goes with ssh',
    ],
    [
      'a user name without a token',
      remote('url: "https://a.example/r", username: x'),
      'origin.username needs a "token"',
    ],
    [
      'a user name with a colon',
      remote(`${https}, username: "a:b"`),
      'origin.username "a:b" is not a plain name',
    ],
    [
      'a token itself',
      remote('url: "https://a.example/r", token: hunter2'),
      'origin.token is "hunter2", not a mapping',
    ],
    [
      'a refspec for a pattern',
      remote(`${https}, push: ["+refs/heads/*:refs/heads/*"]`),
      'origin.push[0] "+refs/heads/*:refs/heads/*" is not a pattern of refs',
    ],
    [
      'notes to push',
      remote(`${https}, push: [refs/notes/*]`),
      'origin.push[0] "refs/notes/*" is not a pattern of refs',
    ],
    ['a word for yes', remote(`${https}, force: "yes"`), 'origin.force is "yes", not true or false'],
    [
      'a misspelt check',
      remote(`${https}, checks: { hook: report }`),
      'unknown key "hook" in git.remotes.origin.checks; did you mean "hooks"?',
    ],
    [
      'a check that is off',
      remote(`${https}, checks: { hooks: off }`),
      'checks.hooks is "off", not one of "refuse", "report"',
    ],
    [
      'a size in other units',
      remote(`${https}, maxPush: 1GB`),
      'origin.maxPush "1GB" is not a size such as "100MiB" (1KiB to 4GiB)',
    ],
    ['a size beyond all', remote(`${https}, maxFile: 5GiB`), 'origin.maxFile "5GiB" is not a size'],
    [
      'a misspelt key',
      remote(`${https}, knownhost: x`),
      'unknown key "knownhost" in git.remotes.origin; did you mean "knownHost"?',
    ],
    ['a name with a slash', remote(https, 'a/b'), '1:19: git.remotes.a/b is not a plain name of a remote'],
    ['a name like an option', remote(https, '-x'), '1:19: git.remotes.-x is not a plain name of a remote'],
    ['a name that climbs', remote(https, 'a..b'), '1:19: git.remotes.a..b is a name that git cannot keep'],
    [
      'a name like a lock',
      remote(https, 'a.lock'),
      '1:19: git.remotes.a.lock is a name that git cannot keep',
    ],
    [
      'a name like a folder of git',
      remote(https, 'a.git'),
      '1:19: git.remotes.a.git is a name that git cannot keep',
    ],
    [
      'one repository twice',
      `git: { remotes: { a: { ${https} }, b: { ${ssh} } } }`,
      'git.remotes.b.url is the repository of git.remotes.a too',
    ],
    [
      'one repository twice, with and without .git',
      'git: { remotes: { a: { url: "https://a.example/r" }, b: { url: "https://A.example:443/r.git/" } } }',
      'git.remotes.b.url is the repository of git.remotes.a too',
    ],
    ['33 remotes', `git: { remotes: { ${toMany(33)} } }`, '1:17: git.remotes has more than 32 remotes'],
  ])('are refused: %s', async (_case, text, message) => {
    await expect(loadText(text)).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining(message),
    });
  });

  it('may be on two ports of one host, and 32', async () => {
    const two = 'a: { url: "https://a.example/r" }, b: { url: "https://a.example:8443/r" }';
    expect((await loadText(`git: { remotes: { ${two} } }`)).git.remotes).toHaveLength(2);
    expect((await loadText(`git: { remotes: { ${toMany(32)} } }`)).git.remotes).toHaveLength(32);
  });
});

describe('supervise', () => {
  it.each([
    ['true', { answerTimeoutMs: 900_000, notify: null }],
    ['false', null],
    ['{}', { answerTimeoutMs: 900_000, notify: null }],
    ['{ timeout: 10s }', { answerTimeoutMs: 10_000, notify: null }],
    ['{ timeout: 24h, notify: [tell, "a b"] }', { answerTimeoutMs: 86_400_000, notify: ['tell', 'a b'] }],
  ])('is taken: %s', async (text, supervise) => {
    expect((await loadText(`supervise: ${text}`)).supervise).toEqual(supervise);
  });

  it.each([
    ['a word', 'yes', 'supervise is "yes", not true or false or a mapping'],
    ['a number', '5', 'supervise is 5, not true or false or a mapping'],
    ['a list', '[a]', 'supervise is a list, not true or false or a mapping'],
    ['nothing', '', 'supervise is empty, not true or false or a mapping'],
    ['a misspelt key', '{ timout: 5m }', 'unknown key "timout" in supervise; did you mean "timeout"?'],
    ['no time at all', '{ timeout: 0s }', 'supervise.timeout "0s" is not a time'],
    ['too little time', '{ timeout: 9s }', 'supervise.timeout "9s" is not a time'],
    ['too much time', '{ timeout: 25h }', 'supervise.timeout "25h" is not a time'],
    ['a time without a unit', '{ timeout: 90 }', 'supervise.timeout is 90, not text'],
    ['a time in words', '{ timeout: 5min }', 'supervise.timeout "5min" is not a time'],
    ['a shell line', '{ notify: "tell me" }', 'supervise.notify is "tell me", not a list'],
    ['no program', '{ notify: [] }', 'supervise.notify is an empty list'],
  ])('is refused: %s', async (_case, text, message) => {
    await expect(loadText(`supervise: ${text}`)).rejects.toThrow(message);
  });
});

describe('exemptions', () => {
  const bottle = (exempt: string, known = '[{ env: A }, { file: ./k }]') => `
egress:
  routes:
    - { host: a.example, exempt: ${exempt} }
    - { host: b.example, auth: { kind: bearer, secret: { env: B } } }
pipelock: { knownSecrets: ${known} }
git: { remotes: { origin: { ${ssh} }, other: { url: "https://b.example/r", token: { env: C } } } }
`;

  it('name known secrets', async () => {
    expect((await loadText(bottle('[A, file k]'))).egress.routes[0]?.exempt).toEqual(['A', 'file k']);
    expect((await loadText(bottle('[]'))).egress.routes[0]?.exempt).toEqual([]);
  });

  it.each([
    [
      'one that is not known',
      '[D]',
      '4:35: egress.routes[0].exempt[0] "D" is not in pipelock.knownSecrets; known there: A, file k',
    ],
    [
      'a credential',
      '[A, B]',
      '4:38: egress.routes[0].exempt[1] "B" is a credential, which never passes from the guest',
    ],
    ['a token of a remote', '[C]', '"C" is a credential'],
    ['a key of a remote', '[key id]', '"key id" is a credential'],
    ['nothing', '[""]', 'egress.routes[0].exempt[0] is empty'],
    ['a text', 'A', 'egress.routes[0].exempt is "A", not a list'],
  ])('do not name %s', async (_case, exempt, message) => {
    await expect(loadText(bottle(exempt))).rejects.toThrow(message);
  });

  it('do not name a known secret that is a credential too, or goes by the name of one', async () => {
    const known = '[{ env: B }, { file: /other/t }, { env: A }]';
    await expect(loadText(bottle('[B]', known))).rejects.toThrow('"B" is a credential');
    const token = bottle('[file t]', known).replace('{ env: C }', '{ file: /mine/t }');
    await expect(loadText(token)).rejects.toThrow('"file t" is a credential');
    expect((await loadText(bottle('[file t]', known))).egress.routes[0]?.exempt).toEqual(['file t']);
  });
});

function toMany(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `r${index}: { url: "https://a.example/r${index}" }`,
  ).join(', ');
}
