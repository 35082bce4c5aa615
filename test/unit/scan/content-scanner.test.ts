import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createContentScanner } from '../../../src/scan/content-scanner.ts';
import { createFingerprints } from '../../../src/scan/fingerprint.ts';
import { createScanTables } from '../../../src/scan/scan-tables.ts';
import { githubToken } from './support/tokens.ts';

const secret = 'k9/Zt+q7&Rw=2 mXv#81pLq';
const other = 'another-secret-of-the-bottle';
const { fingerprints } = createFingerprints(
  [
    { label: 'FIRST', value: secret },
    { label: 'SECOND', value: other },
  ],
  '000102030405060708090a0b0c0d0e0f',
);
const known = createScanTables(fingerprints);
const scan = (text: string | Buffer) => createContentScanner(known).push(Buffer.from(text), true);
const places = (text: string) => scan(text).map(({ rule, line }) => `${rule}:${line}`);

describe('content scanner', () => {
  it('finds known secrets and credentials in one look, each with its line', () => {
    expect(places(`a\n${secret}\n${githubToken}\n${other}\n`).sort()).toEqual([
      'FIRST:2',
      'SECOND:4',
      'github-token:3',
    ]);
    expect(places(`a\n${secret.slice(0, -1)}\n${githubToken.slice(0, -1)}\n`)).toEqual([]);
  });

  it('says in which encoding a secret is written, and never the secret', () => {
    const text = Buffer.from(secret).toString('hex');
    const [hit] = scan(text);
    expect(hit).toEqual({ kind: 'known', rule: 'FIRST', name: 'the secret FIRST in hex', line: 1 });
  });

  it('tells of every line a secret is on, up to a bound', () => {
    expect(places(`${secret}\n\n${secret}\n`)).toEqual(['FIRST:1', 'FIRST:3']);
    expect(scan(`${secret}\n`.repeat(100))).toHaveLength(20);
  });

  it('reads UTF-16 and UTF-32, and the text between zero bytes', () => {
    const utf32 = Buffer.from(
      Uint32Array.from([...`\n${other}`].map((character) => character.charCodeAt(0))).buffer,
    );
    for (const bytes of [
      Buffer.from(`\n${other}`, 'utf16le'),
      Buffer.from(`\n${other}`, 'utf16le').swap16(),
      utf32,
    ]) {
      expect(scan(bytes)).toMatchObject([{ rule: 'SECOND', line: 2 }]);
    }
    expect(scan(Buffer.from(other.slice(1), 'utf16le'))).toEqual([]);
  });

  it('reads UTF-16 that begins after other text, without a line it did not count', () => {
    const scanner = createContentScanner(known);
    expect(scanner.push(Buffer.from('text\n'.repeat(100)), false)).toEqual([]);
    expect(scanner.push(Buffer.from(other, 'utf16le'), true)).toMatchObject([{ rule: 'SECOND', line: null }]);
    expect(scanner.push(Buffer.from(`x\n${other}`, 'utf16le'), true)).toMatchObject([{ line: 2 }]);
  });

  it('keeps objects apart', () => {
    const scanner = createContentScanner(known);
    for (const text of [secret, githubToken]) {
      expect(scanner.push(Buffer.from(text.slice(0, 12)), true)).toEqual([]);
      expect(scanner.push(Buffer.from(text.slice(12)), true)).toEqual([]);
    }
  });

  it('finds the same however an object is cut, with the same lines', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(secret, other, githubToken, Buffer.from(secret).toString('base64')),
        fc.stringMatching(/^[a-z \n]{0,3000}$/),
        fc.stringMatching(/^[a-z \n]{0,3000}$/),
        fc.array(fc.nat(6100), { maxLength: 6 }),
        (token, before, after, cuts) => {
          const bytes = Buffer.from(`${before} ${token} ${after}`);
          const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const scanner = createContentScanner(known);
          const hits = ends.flatMap((end, index) =>
            scanner.push(bytes.subarray(ends[index - 1] ?? 0, end), index === ends.length - 1),
          );
          expect(hits).toEqual(scan(bytes));
          expect(hits).toMatchObject([{ line: before.split('\n').length }]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses marks of windows it would never find', () => {
    const [first] = fingerprints;
    if (first === undefined) throw new Error('no fingerprint');
    expect(() => createScanTables([{ ...first, window: 7 }])).toThrow('first 8 bytes');
    expect(() => createScanTables([first])).not.toThrow();
  });
});
