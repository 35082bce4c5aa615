/** Prints the demo for a reader, and keeps count of what did not hold. */
export interface Narration {
  heading(text: string): void;
  say(text: string): void;
  /** A command as the reader would type it. */
  command(text: string): void;
  /** Text of another program or file, set off from the demo's own words. */
  quote(text: string): void;
  /** A promise of bottle, and whether it held just now. */
  claim(text: string, held: boolean): void;
  readonly broken: readonly string[];
}

const width = 100;

/** Colours only where a terminal shows them and nobody asked for none. */
export function createNarration(output: NodeJS.WriteStream): Narration {
  const coloured = output.isTTY && process.env.NO_COLOR === undefined;
  const paint = (code: string, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const print = (text: string): void => void output.write(`${text}\n`);
  const broken: string[] = [];
  let headings = 0;
  return {
    heading(text) {
      headings += 1;
      print(`\n${paint('1', `${String(headings)}. ${text}`)}`);
      print(paint('2', '-'.repeat(width)));
    },
    say: (text) => print(wrap(text)),
    command: (text) => print(paint('36', `$ ${text}`)),
    quote(text) {
      for (const line of text.trimEnd().split('\n')) print(paint('2', `    ${line}`));
    },
    claim(text, held) {
      if (!held) broken.push(text);
      print(`${held ? paint('32', '  holds ') : paint('31', '  BROKEN')}  ${text}`);
    },
    broken,
  };
}

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
