import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFingerprints } from '../../../src/scan/fingerprint.ts';
import { createScanTables } from '../../../src/scan/scan-tables.ts';
import { createScanner } from '../../../src/scan/scanner.ts';
import { createUnwrappedView } from '../../../src/scan/views.ts';
import { createWindowScanner } from '../../../src/scan/window-scanner.ts';

// Of few letters, so that much begins like it, and with what an escaped line end is made of.
const secret = 'anrnarn\\arnnara';
const { fingerprints } = createFingerprints(
  [{ label: 'S', value: secret }],
  '000102030405060708090a0b0c0d0e0f',
);
const raw = createScanTables(fingerprints.filter(({ encoding }) => encoding === 'raw'));

/** The slow way: all line ends taken out of everything, and all of that scanned. */
function findWithoutLineEnds(bytes: Buffer): boolean {
  return createWindowScanner(raw).push(createUnwrappedView().decode(bytes)) !== null;
}

const lineEnds = fc.array(fc.constantFrom('', '', '\n', '\r\n', '\\n', '\\r\\n', '\n\n\n', '\\', 'a', 'n'), {
  minLength: secret.length + 12,
  maxLength: secret.length + 12,
});

describe('a secret in lines', () => {
  it('is found exactly where a scan of everything without line ends finds it, however the bytes are cut', () => {
    let found = 0;
    fc.assert(
      fc.property(lineEnds, fc.nat(12), fc.array(fc.nat(80), { maxLength: 5 }), (breaks, skip, cuts) => {
        // Beginnings of the secret before it; then the secret, each character followed by a line end or by what looks like one.
        const text = [...`${secret.slice(0, skip)}${secret}`]
          .map((letter, index) => letter + (breaks[index] ?? ''))
          .join('');
        const bytes = Buffer.from(text);
        const plain = createWindowScanner(raw).push(bytes) !== null;
        const expected = plain || findWithoutLineEnds(bytes);
        found += expected ? 1 : 0;
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const scanner = createScanner(raw);
        const verdicts = ends.map(
          (end, index) => scanner.push(bytes.subarray(ends[index - 1] ?? 0, end)).kind,
        );
        expect(verdicts.includes('found')).toBe(expected);
      }),
      { numRuns: 5000 },
    );
    expect(found).toBeGreaterThan(0);
  });

  it('is found with line ends anywhere in it and long lines around', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('', '\n', '\r\n', '\\n', '\n\n'), { minLength: 15, maxLength: 15 }),
        fc.nat(40),
        fc.array(fc.nat(200), { maxLength: 5 }),
        (breaks, before, cuts) => {
          const broken = [...secret].map((letter, index) => letter + (breaks[index] ?? '')).join('');
          const bytes = Buffer.from(
            `${'x'.repeat(before)}\n${'y'.repeat(before)}${broken}${'z'.repeat(40)}\n`,
          );
          const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const scanner = createScanner(raw);
          const verdicts = ends.map(
            (end, index) => scanner.push(bytes.subarray(ends[index - 1] ?? 0, end)).kind,
          );
          expect(verdicts).toContain('found');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
