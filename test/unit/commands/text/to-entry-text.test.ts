import { describe, expect, it } from 'vitest';
import { toField } from '../../../../src/commands/text/to-entry-text.ts';

describe('toField', () => {
  it.each([
    ['one line', 'a', 'why        a\n'],
    ['one line with its end', 'a\n\n', 'why        a\n'],
    ['two lines', 'a\nnote b', 'why        | a\n           | note b\n'],
    ['an empty line within', 'a\n\nb', 'why        | a\n           | \n           | b\n'],
  ])('marks every line of %s that has more than one', (_name, text, expected) => {
    expect(toField('why', text)).toBe(expected);
  });
});
