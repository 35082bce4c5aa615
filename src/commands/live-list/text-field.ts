/** One line of text that is being typed. */
export interface TextField {
  readonly text: string;
  /** Where the next letter goes, in UTF-16 units. */
  readonly cursor: number;
}

/** A key that changes a text or moves in it. */
export type EditKey = 'left' | 'right' | 'home' | 'end' | 'backspace' | 'delete' | 'clear';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export const emptyField: TextField = { text: '', cursor: 0 };

/** Puts typed or pasted text where the cursor is, up to `most` UTF-16 units in all; line ends become blanks. */
export function insertText(field: TextField, text: string, most: number): TextField {
  const room = Math.max(0, most - field.text.length);
  const added = text
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, room);
  return {
    text: field.text.slice(0, field.cursor) + added + field.text.slice(field.cursor),
    cursor: field.cursor + added.length,
  };
}

/** Does what a key does in a line of text. */
export function editField(field: TextField, key: EditKey): TextField {
  const { text, cursor } = field;
  switch (key) {
    case 'left':
      return { text, cursor: before(text, cursor) };
    case 'right':
      return { text, cursor: after(text, cursor) };
    case 'home':
      return { text, cursor: 0 };
    case 'end':
      return { text, cursor: text.length };
    case 'backspace':
      return { text: text.slice(0, before(text, cursor)) + text.slice(cursor), cursor: before(text, cursor) };
    case 'delete':
      return { text: text.slice(0, cursor) + text.slice(after(text, cursor)), cursor };
    case 'clear':
      return emptyField;
  }
}

function before(text: string, cursor: number): number {
  return Array.from(graphemes.segment(text.slice(0, cursor))).at(-1)?.index ?? 0;
}

function after(text: string, cursor: number): number {
  const [next] = graphemes.segment(text.slice(cursor));
  return cursor + (next?.segment.length ?? 0);
}
