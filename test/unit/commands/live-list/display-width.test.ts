import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutText,
  displayWidth,
  fitText,
  wrapText,
} from '../../../../src/commands/live-list/display-width.ts';

describe('displayWidth', () => {
  it.each([
    ['letters', 'abc', 3],
    ['accents that stand alone', 'e\u0301', 1],
    ['scripts of East Asia', '漢字カナ한', 10],
    ['full-width forms', 'ＡＢ', 4],
    ['a picture', '🍾', 2],
    ['nothing', '', 0],
  ])('counts %s', (_name, text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('cutText and fitText', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['漢字漢字', 5, '漢字…'],
    ['漢字漢字', 4, '漢…'],
    ['abc', 0, ''],
  ])('cuts %s to %d columns', (text, columns, cut) => {
    expect(cutText(text, columns)).toBe(cut);
  });

  it('fills what is short', () => {
    expect(fitText('漢', 4)).toBe('漢  ');
  });
});

describe('wrapText', () => {
  it.each([
    ['at blanks', 'one two three', 8, ['one two', 'three']],
    ['words that are too long', 'abcdefghij k', 4, ['abcd', 'efgh', 'ij k']],
    ['wide letters', '漢字漢字', 5, ['漢字', '漢字']],
    ['nothing', '', 4, ['']],
    ['what is indented', ' a | 1 +', 20, [' a | 1 +']],
  ])('breaks %s', (_name, text, columns, lines) => {
    expect(wrapText(text, columns)).toEqual(lines);
  });

  it('loses nothing but blanks', () => {
    expect(wrapText('a\u3000', 10)).toEqual(['a\u3000']);
    expect(wrapText('a\u3000 b', 4)).toEqual(['a\u3000', 'b']);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const kept = (value: string) => value.replaceAll(' ', '');
        expect(kept(wrapText(text, columns).join(''))).toBe(kept(text));
      }),
    );
  });
});
