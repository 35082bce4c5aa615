import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashJson, toCanonicalJson } from '../../../src/plans/hash.ts';

describe('toCanonicalJson', () => {
  it('sorts keys at every depth and keeps the order of lists', () => {
    expect(toCanonicalJson({ b: [{ d: 1, c: null }, 'x'], a: { z: true, y: 'é' } })).toBe(
      '{"a":{"y":"é","z":true},"b":[{"c":null,"d":1},"x"]}',
    );
  });

  it('is JSON, and the same for every order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(toCanonicalJson(reversed)).toBe(toCanonicalJson(value));
        expect(JSON.parse(toCanonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([undefined, Number.NaN, () => 1, 1n, { a: undefined }, [Symbol('x')]])(
    'refuses what JSON would lose',
    (value) => {
      expect(() => toCanonicalJson(value)).toThrow(TypeError);
    },
  );
});

describe('hashJson', () => {
  it('is SHA-256 of it', () => {
    expect(hashJson({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});
