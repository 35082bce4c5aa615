import { describe, expect, it } from 'vitest';
import { parseKnownHosts } from '../../../../src/plans/manifest/known-host.ts';
import { hostKey } from '../../../support/known-host.ts';

const usual = { host: 'git.example.com', port: 22 };
const other = { host: 'git.example.com', port: 2222 };
const rsa = `ssh-rsa ${toBlob('ssh-rsa', 'AQAB', 'modulus')}`;

describe('parseKnownHosts', () => {
  it.each<[string, string | string[], typeof usual, string[]]>([
    ['a line', `git.example.com ${hostKey}`, usual, [`git.example.com ${hostKey}`]],
    ['a key alone', hostKey, usual, [`git.example.com ${hostKey}`]],
    ['a key alone, for a port', hostKey, other, [`[git.example.com]:2222 ${hostKey}`]],
    ['a line with a comment', `Git.example.com ${hostKey} me@here`, usual, [`git.example.com ${hostKey}`]],
    [
      'a line with addresses too',
      `git.example.com,10.0.0.1 ${hostKey}`,
      usual,
      [`git.example.com ${hostKey}`],
    ],
    ['a line with the usual port', `[git.example.com]:22 ${hostKey}`, usual, [`git.example.com ${hostKey}`]],
    ['a line for a port', `[git.example.com]:2222 ${hostKey}`, other, [`[git.example.com]:2222 ${hostKey}`]],
    [
      'what ssh-keyscan prints',
      `# git.example.com:22 SSH-2.0-OpenSSH\r\ngit.example.com ${rsa}\r\n\ngit.example.com\t${hostKey}\n`,
      usual,
      [`git.example.com ${rsa}`, `git.example.com ${hostKey}`],
    ],
    [
      'a list, equal keys once',
      [hostKey, rsa, hostKey],
      usual,
      [`git.example.com ${hostKey}`, `git.example.com ${rsa}`],
    ],
  ])('takes %s', (_case, text, place, lines) => {
    expect(parseKnownHosts(text, place)).toEqual({ kind: 'lines', lines });
  });

  it.each<[string, string | string[], typeof usual, string]>([
    ['nothing', '# only a comment\n', usual, 'holds no key'],
    [
      'another host',
      `other.example.com ${hostKey}`,
      usual,
      'is for "other.example.com", and ssh looks for "git.example.com"',
    ],
    [
      'one right and one wrong',
      [hostKey, `other.example.com ${hostKey}`],
      usual,
      'is for "other.example.com"',
    ],
    ['another port', `git.example.com ${hostKey}`, other, 'ssh looks for "[git.example.com]:2222"'],
    ['a pattern', `*.example.com ${hostKey}`, usual, 'is for "*.example.com"'],
    ['any host', `* ${hostKey}`, usual, 'is for "*"'],
    ['a hashed name', `|1|abc=|def= ${hostKey}`, usual, 'has a hashed name'],
    ['an authority', `@cert-authority git.example.com ${hostKey}`, usual, 'has the marker "@cert-authority"'],
    ['a revoked key', `@revoked git.example.com ${hostKey}`, usual, 'has the marker "@revoked"'],
    ['a fingerprint', 'SHA256:uNiVztksCsDhcc0u9e8BrqXVK', usual, 'is for "SHA256:'],
    [
      'an old kind of key',
      `git.example.com ssh-dss ${toBlob('ssh-dss', 'x')}`,
      usual,
      'is not a line such as',
    ],
    [
      'a key that lost its end',
      `git.example.com ${hostKey.slice(0, -4)}`,
      usual,
      'has a ssh-ed25519 key that is not whole',
    ],
    ['a key that lost a letter', `git.example.com ${hostKey.slice(0, -1)}`, usual, 'not whole'],
    ['a key of another kind', `git.example.com ssh-rsa ${hostKey.split(' ')[1]}`, usual, 'not whole'],
    ['no key behind the kind', 'git.example.com ssh-ed25519', usual, 'not whole'],
    ['too many', Array.from({ length: 17 }, () => hostKey), usual, 'holds more than 16 keys'],
  ])('refuses %s', (_case, text, place, problem) => {
    expect(parseKnownHosts(text, place)).toEqual({
      kind: 'refused',
      problem: expect.stringContaining(problem),
    });
  });
});

/** A key in ssh's own form: each field with its length before it. */
function toBlob(...fields: readonly string[]): string {
  const parts = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, Buffer.from(field)];
  });
  return Buffer.concat(parts).toString('base64');
}
