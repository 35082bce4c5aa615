import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EditKey,
  editField,
  emptyField,
  insertText,
} from '../../../../src/commands/live-list/text-field.ts';

const typed = insertText(emptyField, 'ab👩‍👩‍👧e\u0301', 100);

describe('a line that is typed', () => {
  it.each<[string, readonly EditKey[], string]>([
    ['the letter before the cursor', ['backspace'], 'ab👩‍👩‍👧'],
    ['a picture of several parts at once', ['left', 'backspace'], 'abe\u0301'],
    ['the letter after it', ['home', 'delete'], 'b👩‍👩‍👧e\u0301'],
    ['nothing before the first', ['home', 'left', 'backspace'], typed.text],
    ['nothing after the last', ['home', 'end', 'right', 'delete'], typed.text],
    ['all', ['clear'], ''],
  ])('removes %s', (_name, keys, text) => {
    expect(keys.reduce(editField, typed).text).toBe(text);
  });

  it('takes text where the cursor is, as one line, up to its bound', () => {
    const field = insertText(editField(insertText(emptyField, 'ac', 10), 'left'), 'b\r\nx\u001b', 10);
    expect(field.text).toBe('ab xc');
    expect(insertText(field, '0123456789', 10).text).toHaveLength(10);
  });

  it('keeps the cursor in the text, whatever is pressed', () => {
    const key = fc.constantFrom<EditKey>('left', 'right', 'home', 'end', 'backspace', 'delete', 'clear');
    fc.assert(
      fc.property(fc.array(fc.oneof(key, fc.string({ unit: 'grapheme' }))), (steps) => {
        let field = emptyField;
        for (const step of steps) {
          const isKey = /^(left|right|home|end|backspace|delete|clear)$/.test(step);
          field = isKey ? editField(field, step as EditKey) : insertText(field, step, 50);
          expect(field.cursor).toBeGreaterThanOrEqual(0);
          expect(field.cursor).toBeLessThanOrEqual(field.text.length);
        }
      }),
    );
  });
});
