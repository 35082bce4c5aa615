import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRemote } from '../../../../../src/sidecars/git-gate/request/find-remote.ts';
import { parseGitRequest, RequestRefusal } from '../../../../../src/sidecars/git-gate/request/git-request.ts';
import {
  parsePktLength,
  toErrorLine,
  toPktLine,
} from '../../../../../src/sidecars/git-gate/request/pkt-line.ts';

const parse = (text: string) => parseGitRequest(Buffer.from(text, 'utf8'));

describe('the first line of a connection', () => {
  it.each([
    ['a clone', 'git-upload-pack /h/o/r.git\0host=b:9418\0', 'git-upload-pack', 'h/o/r.git', 0],
    ['protocol 2', 'git-upload-pack /h/r\0host=b\0\0version=2\0', 'git-upload-pack', 'h/r', 2],
    ['protocol 1', 'git-upload-pack /h/r\0host=b\0\0version=1\0', 'git-upload-pack', 'h/r', 1],
    ['a further parameter', 'git-upload-pack /h/r\0host=b\0\0x=1\0version=2\0', 'git-upload-pack', 'h/r', 2],
    ['a push', 'git-receive-pack /h/r/\0host=b\0', 'git-receive-pack', 'h/r', 0],
    ['no host', 'git-upload-pack /h/r', 'git-upload-pack', 'h/r', 0],
    ['a line end', 'git-upload-pack /h/r\n\0host=b\0', 'git-upload-pack', 'h/r', 0],
    ['slashes', 'git-upload-pack ///h/r//\0host=b\0', 'git-upload-pack', 'h/r', 0],
  ])('%s', (_name, text, service, path, protocol) => {
    expect(parse(text)).toEqual({ service, path, protocol });
  });

  it.each([
    ['another service', 'git-upload-archive /h/r\0host=b\0'],
    ['a service with an option', 'git-upload-pack --strict /h/r\0host=b\0'],
    ['a service of upper case', 'GIT-UPLOAD-PACK /h/r\0host=b\0'],
    ['nothing', ''],
    ['no path', 'git-upload-pack\0host=b\0'],
    ['a path that is an option', 'git-upload-pack --upload-pack=x\0host=b\0'],
    ['a path with a control character', 'git-upload-pack /h\u001b/r\0host=b\0'],
    ['a path with a line end within', 'git-upload-pack /h\n/r\0host=b\0'],
    ['a path that turns text round', 'git-upload-pack /h\u202e/r\0host=b\0'],
    ['two hosts', 'git-upload-pack /h/r\0host=b\0host=c\0'],
    ['a host with a space', 'git-upload-pack /h/r\0host=b c\0'],
    ['another parameter where the host belongs', 'git-upload-pack /h/r\0user=b\0'],
    ['a parameter without its end', 'git-upload-pack /h/r\0host=b'],
    ['too many parameters', `git-upload-pack /h/r\0host=b\0\0${'x=1\0'.repeat(9)}`],
    ['a parameter with a line end', 'git-upload-pack /h/r\0host=b\0\0version=2\n\0'],
    ['bytes that are no text', 'git-upload-pack /h/\ufffd\0host=b\0'],
  ])('is refused with %s', (_name, text) => {
    expect(() => parse(text)).toThrow(RequestRefusal);
  });

  it('is a request or a refusal, whatever the bytes are', () => {
    const pieces = fc.constantFrom(
      'git-upload-pack',
      'git-receive-pack',
      ' ',
      '/',
      '\0',
      'host=',
      'version=2',
      '..',
      '-',
      '\n',
      '\x1b',
    );
    const text = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 20 });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        try {
          const request = parseGitRequest(payload);
          expect(['git-upload-pack', 'git-receive-pack']).toContain(request.service);
          expect(request.path).not.toMatch(/^\/|\/$|\p{Cc}/u);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestRefusal);
          expect((error as Error).message).toMatch(/^[A-Z][ -~]+\.$/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the length in front of a line', () => {
  it('is four hexadecimal digits that count themselves', () => {
    expect(toPktLine('abc').toString()).toBe('0007abc');
    expect(toErrorLine('No.').toString()).toBe('000cERR No.\n');
    expect(parsePktLength(Buffer.from('00ff'))).toBe(255);
    expect(parsePktLength(Buffer.from('fFfF'))).toBe(65_535);
  });

  it.each(['+123', '-001', ' 123', '0x12', '12.4', '1e3f\n', 'zzzz'])('is not %j', (text) => {
    expect(parsePktLength(Buffer.from(text))).toBeNull();
  });

  it('is what was written, for any payload', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const line = toPktLine(payload);
        expect(parsePktLength(line.subarray(0, 4))).toBe(line.length);
        expect(line.subarray(4)).toEqual(Buffer.from(payload));
      }),
    );
  });
});

describe('the remote that a path names', () => {
  const remotes = [
    { name: 'origin', gatePath: 'github.com/o/r', url: 'ssh://git@github.com/o/r.git' },
    { name: 'web', gatePath: 'git.example.com:8443/a%20b/c', url: 'https://git.example.com:8443/a%20b/c' },
  ];

  it.each([
    ['github.com/o/r', 'origin'],
    ['github.com/o/r.git', 'origin'],
    ['origin', 'origin'],
    ['origin.git', 'origin'],
    ['git.example.com:8443/a%20b/c', 'web'],
    ['git.example.com:8443/a b/c.git', 'web'],
  ])('%s', (path, name) => {
    expect(findRemote(remotes, path).name).toBe(name);
  });

  it.each([
    'github.com/o/r/../r',
    'github.com/o/other',
    'GITHUB.com/o/r',
    'github.com/o',
    '../origin.git',
    'var/lib/bottle/git-gate/mirrors/origin.git',
    'origin.git.git',
    '',
    '.git',
  ])('is none for %j, and the answer names those there are', (path) => {
    expect(() => findRemote(remotes, path)).toThrow(
      'This bottle has no such remote. It has: origin (ssh://git@github.com/o/r.git), web (https://git.example.com:8443/a%20b/c).',
    );
  });
});
