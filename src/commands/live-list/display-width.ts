/** What a terminal shows two columns wide: scripts of East Asia, full-width forms, pictures. */
const wide =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;

/** What is drawn upon the character before. */
const mark = /\p{M}/u;

/**
 * The columns of one character. Of those that a terminal may draw as one picture each counts for itself: too much is cut a
 * little early, too little would run into the next line.
 */
function columnsOf(character: string): number {
  if (character <= '~') return 1;
  if (mark.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** The columns that a printable text takes on a terminal. */
export function displayWidth(text: string): number {
  // Most text is, and it is measured with every redraw.
  if (/^[ -~]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/** Cuts a printable text to `columns`, with a mark at the end of what was cut. */
export function cutText(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const [first = ''] = breakText(text, Math.max(0, columns - 1));
  return columns <= 0 ? '' : `${first}…`;
}

/** Cuts or fills a printable text to exactly `columns`. */
export function fitText(text: string, columns: number): string {
  const cut = cutText(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - displayWidth(cut)));
}

/** Breaks a printable text into lines of at most `columns`, at blanks where there are some. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    const width = displayWidth(word);
    if (used > 0 && used + displayWidth(withoutBlanks(word)) > columns) {
      lines.push(withoutBlanks(line));
      line = '';
      used = 0;
    }
    if (width <= columns) {
      line += word;
      used += width;
      continue;
    }
    const pieces = breakText(word, columns);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
    used = displayWidth(line);
  }
  return [...lines, withoutBlanks(line)];
}

/** Without the blanks at its end: those alone, for of what else is white a reader may want to know. */
function withoutBlanks(text: string): string {
  return text.replace(/ +$/, '');
}

/** Breaks anywhere but before a mark; at least one character a line. */
function breakText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used > 0 && used + width > columns) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += character;
    used += width;
  }
  return [...lines, line];
}
