import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostMatches, parseHostName, parseHostPattern } from '../../../src/policy/host-pattern.ts';

const label63 = 'a'.repeat(63);

describe('parseHostName', () => {
  it.each([
    ['a name', 'api.example.com', 'api.example.com'],
    ['capital letters', 'API.Example.COM', 'api.example.com'],
    ['a single label', 'localhost', 'localhost'],
    ['underscores', '_dmarc.a_b.example', '_dmarc.a_b.example'],
    ['punycode', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a digit label that is not last', '1.example', '1.example'],
    ['a longest label', `${label63}.example`, `${label63}.example`],
    ['a plain IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['an IPv6 address', '2001:DB8:0:0::1', '2001:db8::1'],
    ['a mapped IPv6 address', '::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('takes %s', (_case, text, canonical) => {
    expect(parseHostName(text)).toBe(canonical);
  });

  it.each([
    ['nothing', ''],
    ['a trailing dot', 'example.com.'],
    ['a leading dot', '.example.com'],
    ['an empty label', 'a..example'],
    ['a leading hyphen', '-a.example'],
    ['a trailing hyphen', 'a-.example'],
    ['a space', 'a .example'],
    ['a port', 'example.com:443'],
    ['user information', 'a@example.com'],
    ['a slash', 'example.com/a'],
    ['a percent escape', 'ex%61mple.com'],
    ['a look-alike letter', 'ex\u0430mple.com'],
    ['a full-width dot', 'example\u3002com'],
    ['a letter whose lower case is ASCII', '\u212aelvin.example'],
    ['a NUL', 'example.com\0.evil.example'],
    ['a line end', 'example.com\n'],
    ['a hexadecimal part', '0x7f.1'],
    ['hexadecimal parts', '0x7f.0x0.0x0.0x1'],
    ['an octal number', '017700000001'],
    ['octal parts', '0177.0.0.1'],
    ['a decimal number', '2130706433'],
    ['a short form', '127.1'],
    ['zero', '0'],
    ['a leading zero', '192.0.2.01'],
    ['five parts', '1.2.3.4.5'],
    ['a part over 255', '256.1.1.1'],
    ['brackets', '[::1]'],
    ['a zone id', 'fe80::1%eth0'],
    ['a label that is too long', `${label63}a.example`],
    ['a name that is too long', `${'a.'.repeat(126)}ab`],
  ])('refuses %s', (_case, text) => {
    expect(parseHostName(text)).toBeNull();
  });

  it('gives back what it gave', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const host = parseHostName(text);
        expect(host === null || parseHostName(host) === host).toBe(true);
      }),
    );
  });
});

describe('parseHostPattern', () => {
  it.each([
    ['a name', 'Example.com', 'example.com'],
    ['a wildcard', '*.Example.com', '*.example.com'],
  ])('takes %s', (_case, text, canonical) => {
    expect(parseHostPattern(text)).toBe(canonical);
  });

  it.each([
    ['everything', '*'],
    ['a top-level domain', '*.com'],
    ['a star inside a label', 'a*.example.com'],
    ['a star in the middle', 'a.*.example.com'],
    ['two stars', '*.*.example.com'],
    ['an address', '*.192.0.2.1'],
    ['an IPv6 address', '*.2001:db8::1'],
  ])('refuses %s', (_case, text) => {
    expect(parseHostPattern(text)).toBeNull();
  });
});

describe('hostMatches', () => {
  it.each([
    ['the same name', 'example.com', 'example.com', true],
    ['another name', 'example.com', 'example.org', false],
    ['a name below', 'example.com', 'a.example.com', false],
    ['a wildcard and a name below', '*.example.com', 'a.example.com', true],
    ['a wildcard and a name far below', '*.example.com', 'a.b.example.com', true],
    ['a wildcard and the zone itself', '*.example.com', 'example.com', false],
    ['a wildcard and a look-alike suffix', '*.example.com', 'evilexample.com', false],
    ['a wildcard and a longer name', '*.example.com', 'a.example.com.evil.org', false],
  ])('%s', (_case, pattern, host, expected) => {
    expect(hostMatches(pattern, host)).toBe(expected);
  });
});
