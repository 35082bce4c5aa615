import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPathAmbiguity, isPathPattern, pathMatches } from '../../../src/policy/path-pattern.ts';

describe('isPathPattern', () => {
  it.each(['/', '/**', '/v1/**', '/v1/*/messages', '/a**', '/@scope%2fname', '/a;b=c', "/~!$&'()+,;=:@"])(
    'takes %s',
    (text) => {
      expect(isPathPattern(text)).toBe(true);
    },
  );

  it.each([
    ['no slash', 'v1/**'],
    ['nothing', ''],
    ['a query', '/v1?a=b'],
    ['a fragment', '/v1#a'],
    ['braces', '/{a,b}'],
    ['brackets', '/[ab]'],
    ['three stars', '/***'],
    ['a dot segment', '/a/../b'],
    ['an encoded dot segment', '/a/%2e%2e/b'],
    ['a malformed escape', '/%zz'],
    ['a space', '/a b'],
    ['a letter outside ASCII', '/\u00fc'],
    ['too many characters', `/${'a'.repeat(1024)}`],
  ])('refuses %s', (_case, text) => {
    expect(isPathPattern(text)).toBe(false);
  });
});

describe('pathMatches', () => {
  it.each([
    ['the same path', '/v1/messages', '/v1/messages', true],
    ['a longer path', '/v1/messages', '/v1/messages/x', false],
    ['a shorter path', '/v1/messages', '/v1', false],
    ['capital letters', '/v1', '/V1', false],
    ['one segment', '/v1/*/x', '/v1/a/x', true],
    ['one segment, not two', '/v1/*/x', '/v1/a/b/x', false],
    ['a part of a segment', '/v*/x', '/v12/x', true],
    ['everything below', '/v1/**', '/v1/a/b', true],
    ['the folder with its slash', '/v1/**', '/v1/', true],
    ['not the folder without it', '/v1/**', '/v1', false],
    ['not what starts alike', '/v1/**', '/v12/a', false],
    ['segments between', '/a/**/z', '/a/b/c/z', true],
    ['no segments between', '/a/**/z', '/a/z', true],
    ['not a part of a segment between', '/a/**/z', '/a/bz', false],
    ['anything', '/**', '/', true],
    ['stars across a text', '/a**', '/a/b', true],
    ['several stars that share a text', '/*a*b*c', '/xaybzc', true],
    ['an escape in both', '/p/a%2fb/**', '/p/a%2Fb/c', true],
    ['an escape where the pattern has none', '/v1/**', '/%761/a', false],
    ['an encoded slash under a pattern of one segment', '/p/*', '/p/a%2fb', false],
    ['an encoded slash under a pattern of many', '/p/**', '/p/a%2fb', true],
    ['a plain slash where the pattern has an encoded one', '/p/a%2fb', '/p/a/b', false],
    ['an empty segment that a server may drop', '/p/*/x', '/p//x', false],
    ['an empty segment that changes nothing', '/p/**', '/p//x', true],
    ['an encoded star is no star', '/p/%2a', '/p/abc', false],
    ['an encoded star is itself', '/p/%2a', '/p/%2A', true],
  ])('%s', (_case, pattern, path, expected) => {
    expect(pathMatches(pattern, path)).toBe(expected);
  });

  it('agrees with a regular expression on plain paths', () => {
    const part = fc.constantFrom('a', 'b', '/', '*', '**');
    const glob = fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
    const path = fc
      .array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 })
      .map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(
        glob.filter((text) => isPathPattern(text) && !text.includes('//')),
        path.filter((text) => !text.includes('//')),
        (pattern, text) => {
          const source = pattern
            .replace(/(?<=\/)\*\*\//g, '(?:.S/)?')
            .replaceAll('**', '.S')
            .replaceAll('*', '[^/]*')
            .replaceAll('S', '*');
          expect(pathMatches(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to the path, whatever the pattern', () => {
    const pattern = `/${'*a'.repeat(30)}b`;
    const path = `/${'a'.repeat(8000)}`;
    const started = process.cpuUsage();
    expect(pathMatches(pattern, path)).toBe(false);
    // Microseconds, with room for a slow machine; an expression that goes back would need years.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });
});

describe('findPathAmbiguity', () => {
  it.each([
    '/',
    '/v1/messages',
    '/@scope%2fname',
    '/a%20b',
    '/a;b=c/d',
    '/.well-known/x',
    '/...',
    '/a..b',
    '/%C3%BC',
    '/a//b',
    '/100%25',
    '/a%252',
  ])('passes %s', (path) => {
    expect(findPathAmbiguity(path)).toBeNull();
  });

  it.each([
    ['no slash', 'a'],
    ['nothing', ''],
    ['an asterisk form', '*'],
    ['a space', '/a b'],
    ['a tab', '/a\tb'],
    ['a NUL', '/a\0b'],
    ['a letter outside ASCII', '/\u00fc'],
    ['a query', '/a?b'],
    ['a fragment', '/a#b'],
    ['a backslash', '/a\\b'],
    ['an encoded backslash', '/a%5cb'],
    ['a dot segment', '/a/./b'],
    ['a climbing segment', '/a/../b'],
    ['a climbing segment at the end', '/a/..'],
    ['encoded dots', '/a/%2e%2E/b'],
    ['half encoded dots', '/a/.%2e/b'],
    ['a climb between encoded slashes', '/a%2f..%2fb'],
    ['a climb after a parameter', '/a;x/../b'],
    ['a climb with a parameter', '/a/..;x/b'],
    ['a climb with an encoded parameter', '/a/..%3bx/b'],
    ['dots encoded twice', '/a/%252e%252e/b'],
    ['a slash encoded twice', '/a%252fb'],
    ['a backslash encoded twice', '/a%255Cb'],
    ['dots encoded three times', '/a/%25252e/b'],
    ['a line end encoded twice', '/a%250d%250ab'],
    ['a short escape', '/a%2'],
    ['a wrong escape', '/a%zz'],
    ['an escape of another kind', '/a%u002e'],
    ['an encoded NUL', '/a%00b'],
    ['an encoded line end', '/a%0d%0ab'],
    ['overlong UTF-8 of a slash', '/a%c0%af..'],
    ['overlong UTF-8 of a dot', '/a%e0%80%ae'],
  ])('names %s', (_case, path) => {
    expect(findPathAmbiguity(path)).toMatch(/^the path /);
  });

  it('never quotes the path, which may hold a secret', () => {
    expect(findPathAmbiguity('/hunter2/..')).not.toContain('hunter2');
  });
});
