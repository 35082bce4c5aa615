import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasker, maskText } from '../../../../src/sidecars/egress/masker.ts';

const mask = (patterns: readonly string[], chunks: readonly string[]): readonly string[] => {
  const masker = createMasker(patterns.map((pattern) => Buffer.from(pattern, 'latin1')));
  const out = chunks.map((chunk) => masker.push(Buffer.from(chunk, 'latin1')).toString('latin1'));
  return [...out, masker.flush().toString('latin1')];
};

describe('createMasker', () => {
  it.each([
    ['nothing to find', ['secret'], ['a plain text'], ['a plain text', '']],
    ['whole', ['secret'], ['a secret here'], ['a ****** here', '']],
    ['cut in two', ['secret'], ['a sec', 'ret.'], ['a ', '******.', '']],
    ['a beginning that goes on otherwise', ['secret'], ['a sec', 'ond'], ['a ', 'second', '']],
    ['a beginning at the end', ['secret'], ['a sec'], ['a ', 'sec']],
    ['a whole one that may grow', ['secret', 'secret/more'], ['a secret'], ['a ', '******']],
    ['one that has grown', ['secret', 'secret/more'], ['a secret', '/more'], ['a ', '***********', '']],
    ['overlapping ones', ['abcd', 'cdef'], ['abc', 'def'], ['', '******', '']],
    ['its own overlap', ['aba'], ['xababax'], ['x*****x', '']],
    ['an event that ends in a line end', ['secret'], ['data: s\n\n'], ['data: s\n\n', '']],
  ])('%s', (_name, patterns, chunks, expected) => {
    expect(mask(patterns, chunks)).toEqual(expected);
  });

  it('gives the same however the bytes are cut, and the same length', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 });
    const patterns = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(text, patterns, fc.array(fc.nat(60), { maxLength: 8 }), (whole, wanted, cuts) => {
        const places = [...new Set([0, ...cuts.filter((cut) => cut < whole.length), whole.length])].sort(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((end, index) => whole.slice(places[index], end));
        const expected = maskText(
          wanted.map((pattern) => Buffer.from(pattern, 'latin1')),
          whole,
        );
        expect(mask(wanted, chunks).join('')).toBe(expected);
        expect(expected).toHaveLength(whole.length);
        expect(wanted.some((pattern) => expected.includes(pattern))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
