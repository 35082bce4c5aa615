import { toPrintable } from '../text/to-printable.ts';
import { displayWidth } from './display-width.ts';
import type { Line } from './styled-line.ts';
import type { TextField } from './text-field.ts';

/** A line that is being typed, with its cursor; of a long one the part about the cursor. */
export function toFieldLine(label: string, { text, cursor }: TextField, columns: number): Line {
  const shownLabel = columns > label.length + 20 ? label : '> ';
  const room = Math.max(2, columns - displayWidth(shownLabel) - 1);
  const [at = ' '] = [...text.slice(cursor)];
  const left = keepEnd(toPrintable(text.slice(0, cursor)), room - 1);
  const right = keepStart(
    toPrintable(text.slice(cursor + (cursor < text.length ? at.length : 0))),
    room - displayWidth(left) - 1,
  );
  return [
    { text: shownLabel, tone: 'title' },
    { text: left, tone: 'plain' },
    { text: toPrintable(at), tone: 'cursor' },
    { text: right, tone: 'plain' },
  ];
}

function keepEnd(text: string, columns: number): string {
  let kept = text;
  while (displayWidth(kept) > columns) kept = [...kept].slice(1).join('');
  return kept;
}

function keepStart(text: string, columns: number): string {
  let kept = text;
  while (kept !== '' && displayWidth(kept) > columns) kept = [...kept].slice(0, -1).join('');
  return kept;
}
