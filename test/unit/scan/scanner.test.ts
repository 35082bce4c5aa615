import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFingerprints } from '../../../src/scan/fingerprint.ts';
import { createScanTables } from '../../../src/scan/scan-tables.ts';
import { createScanner, type Scanner } from '../../../src/scan/scanner.ts';

const salt = '000102030405060708090a0b0c0d0e0f';
const secret = 'k9/Zt+q7&Rw=2 "mXv#81p';
const secondSecret = 'ghs_4f8Q2mZ7xW1vT6yB3nR9cD5eL0aH2jK8pU4s';
const { fingerprints } = createFingerprints(
  [
    { label: 'FIRST', value: secret },
    { label: 'SECOND', value: secondSecret },
  ],
  salt,
);
const tables = createScanTables(fingerprints);

const base64 = (text: string, before = '') => Buffer.from(`${before}${text}tail`).toString('base64');
const hex = Buffer.from(secret).toString('hex');
const percent = hex.replace(/../g, '%$&');
const wrapped = (text: string, lineEnd: string) => text.replace(/.{20}/g, `$&${lineEnd}`);

const carriers: Readonly<Record<string, string>> = {
  'as it is': `a ${secret} b`,
  'as JSON escapes it': JSON.stringify({ a: [secret] }),
  'base64, first alignment': base64(secret),
  'base64, second alignment': base64(secret, 'x'),
  'base64, third alignment': base64(secret, 'xy'),
  'base64 of a user and a password': `Basic ${base64(secret, 'user:')}`,
  base64url: Buffer.from(`x${secret}`).toString('base64url'),
  'base64 in lines': wrapped(base64(secret, 'x'), '\n'),
  'base64 in lines with carriage returns': wrapped(base64(secret, 'xy'), '\r\n'),
  'base64 in lines inside JSON': JSON.stringify(wrapped(base64(secret), '\n')),
  'hex in lower case': hex,
  'hex in upper case': hex.toUpperCase(),
  'hex in lines': wrapped(hex, '\n'),
  'percent-encoded wholly': percent,
  'percent-encoded wholly, in upper case': percent.toUpperCase(),
  'percent-encoded twice': percent.replaceAll('%', '%25'),
  'percent-encoded here and there': secret
    .replaceAll('a', '%61')
    .replaceAll('Z', '%5A')
    .replaceAll('8', '%38'),
  'as a URI component': encodeURIComponent(secret),
  'as a form field': new URLSearchParams({ a: secret }).toString(),
  'base64 that a form encoded': encodeURIComponent(base64(secret)),
  'the other secret': secondSecret,
};

function scan(scanner: Scanner, pieces: readonly Buffer[]): { found: string | null; passed: Buffer } {
  let held: Buffer[] = [];
  const passed: Buffer[] = [];
  for (const piece of pieces) {
    const verdict = scanner.push(piece);
    if (verdict.kind === 'found') return { found: verdict.label, passed: Buffer.concat(passed) };
    held.push(piece);
    if (verdict.hold) continue;
    passed.push(...held);
    held = [];
  }
  return { found: null, passed: Buffer.concat(passed) };
}

describe('scanner', () => {
  it.each(Object.entries(carriers))('finds a secret %s', (_name, text) => {
    const { found } = scan(createScanner(tables), [Buffer.from(`before ${text} after`)]);
    expect(found).toBe(text === secondSecret ? 'SECOND' : 'FIRST');
  });

  it.each(Object.entries(carriers))('never passes on a whole secret, %s, cut at any place', (_name, text) => {
    const bytes = Buffer.from(`..${text}..`);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const { found, passed } = scan(createScanner(tables), [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(found).not.toBeNull();
      expect(scan(createScanner(tables), [passed]).found).toBeNull();
    }
  });

  it('holds back a secret that comes byte by byte, but for less than its beginning', () => {
    const bytes = Buffer.from(`..${secret}..`);
    const { found, passed } = scan(
      createScanner(tables),
      [...bytes].map((byte) => Buffer.from([byte])),
    );
    expect(found).toBe('FIRST');
    expect(passed.length).toBeLessThan('..'.length + 8);
  });

  it('passes everything on that only begins like a secret', () => {
    const bytes = Buffer.from(`..${secret.slice(0, -1)}?${secret.slice(0, 12)}`);
    const scanner = createScanner(tables);
    const verdicts = [...bytes].map((byte) => scanner.push(Buffer.from([byte])));
    expect(verdicts.every((verdict) => verdict.kind === 'clear')).toBe(true);
    expect(verdicts.at(-1)).toEqual({ kind: 'clear', hold: true });
    scanner.end();
    expect(scanner.push(Buffer.from('x'))).toEqual({ kind: 'clear', hold: false });
  });

  it('tells two halves apart from a whole once it was told of an end between them', () => {
    const scanner = createScanner(tables);
    scanner.push(Buffer.from(secret.slice(0, 15)));
    scanner.end();
    expect(scanner.push(Buffer.from(secret.slice(15)))).toEqual({ kind: 'clear', hold: false });
  });

  it('finds a secret wherever it lies among other bytes, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(carriers)),
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(900), { maxLength: 8 }),
        (text, before, after, cuts) => {
          // What is in front must not be the beginning of an escape that swallows the secret's own first byte.
          const bytes = Buffer.concat([
            Buffer.from(before),
            Buffer.from('..'),
            Buffer.from(text),
            Buffer.from(after),
          ]);
          const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(scan(createScanner(tables), pieces).found).not.toBeNull();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says the same of any clean bytes, however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(2000), (bytes, cut) => {
        const whole = Buffer.from(bytes);
        const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
        expect(scan(createScanner(tables), pieces)).toEqual({ found: null, passed: whole });
      }),
    );
  });

  it('finds nothing where nothing is known', () => {
    expect(createScanner(createScanTables([])).push(Buffer.from(secret))).toEqual({
      kind: 'clear',
      hold: false,
    });
  });
});

describe('fingerprints', () => {
  it('hold no part of a secret', () => {
    const text = JSON.stringify(fingerprints);
    for (let start = 0; start + 6 <= secondSecret.length; start += 1) {
      expect(text).not.toContain(secondSecret.slice(start, start + 6));
    }
  });

  it('differ with the salt', () => {
    const other = createFingerprints([{ label: 'SECOND', value: secondSecret }], salt.replace('00', 'ff'));
    const digests = new Set(fingerprints.map(({ digest }) => digest));
    const hashes = new Set(fingerprints.map(({ rolling }) => rolling));
    expect(other.fingerprints.some(({ digest, rolling }) => digests.has(digest) || hashes.has(rolling))).toBe(
      false,
    );
  });

  it('are not made of what is too short, and its label is named', () => {
    const set = createFingerprints(
      [
        { label: 'SHORT', value: '1234567' },
        { label: 'LONG', value: '12345678' },
      ],
      salt,
    );
    expect(set.unscannable).toEqual(['SHORT']);
    expect(new Set(set.fingerprints.map(({ label }) => label))).toEqual(new Set(['LONG']));
    expect(scan(createScanner(createScanTables(set.fingerprints)), [Buffer.from('a12345678b')]).found).toBe(
      'LONG',
    );
  });
});
