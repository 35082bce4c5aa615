import type { QueueSnapshot } from '../../approvals/queue-entry.ts';
import { toPrintable } from '../text/to-printable.ts';
import { cutText, displayWidth, wrapText } from './display-width.ts';
import { toApprovalLines, toEntryLines, toRevocationLines } from './entry-lines.ts';
import { toFoot } from './foot-lines.ts';
import { helpLines } from './help-lines.ts';
import { type ListState, listedEntries, selectedEntry } from './list-state.ts';
import { toRowLines } from './row-lines.ts';
import { type Line, plainLine } from './styled-line.ts';

/** The size of the terminal. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What the screen shows: at most `rows` lines of at most `columns`. */
export interface Frame {
  readonly lines: readonly Line[];
  /** How far the text that is shown can be moved up. */
  readonly maxScroll: number;
}

/** Draws the state for a terminal of this size; pure, so that every size can be tested. */
export function createFrame(state: ListState, size: ScreenSize, nowMs: number): Frame {
  const { columns, rows } = size;
  const foot = toFoot(state, columns).slice(0, Math.max(1, rows - 2));
  const head = rows >= 8 ? [toHead(state, columns)] : [];
  const room = Math.max(0, rows - head.length - foot.length);
  const { lines, maxScroll } = toBody(state, { columns, rows: room }, nowMs);
  const filled = [...lines, ...Array.from({ length: room - lines.length }, () => plainLine('', 'plain'))];
  return {
    lines: [...head, ...filled, ...foot].slice(0, rows).map((line) => cutLine(line, columns)),
    maxScroll,
  };
}

/** A label has its own width, which a very narrow window may not have. */
function cutLine(line: Line, columns: number): Line {
  let left = columns;
  return line.map(({ text, tone }) => {
    const cut = cutText(text, left);
    left -= displayWidth(cut);
    return { text: cut, tone };
  });
}

function toHead({ snapshot, view }: ListState, columns: number): Line {
  const waiting = snapshot?.entries.filter(({ status }) => status === 'waiting').length ?? 0;
  const all = snapshot?.entries.length ?? 0;
  const text = `bottle supervise: ${waiting} waiting, ${all} in all; ${view === 'all' ? 'all are shown' : 'what waits is shown'}`;
  return plainLine(cutText(text, columns), 'title');
}

function toBody(state: ListState, size: ScreenSize, nowMs: number): Frame {
  const { mode } = state;
  const { columns } = size;
  switch (mode.kind) {
    case 'list':
      return { lines: toListAndDetails(state, size, nowMs), maxScroll: 0 };
    case 'help':
      return toScrolled(
        helpLines.flatMap((line) => wrapText(line, columns)).map((line) => plainLine(line, 'plain')),
        state,
        size,
      );
    case 'approve':
      return toScrolled(toApprovalLines(mode, columns, nowMs), state, size);
    case 'revoke':
      return toScrolled(toRevocationLines(mode.entry, columns, nowMs), state, size);
    case 'whole':
    case 'reject':
    case 'busy':
      return toScrolled(toEntryLines(mode.entry, columns, nowMs), state, size);
  }
}

/** The list, and below it the selected request where there is room for both. */
function toListAndDetails(state: ListState, { columns, rows }: ScreenSize, nowMs: number): readonly Line[] {
  const entries = listedEntries(state);
  if (state.snapshot === null) return [plainLine(cutText('Reading the queues ...', columns), 'dim')];
  const notes = rows >= 8 ? toGarbageLines(state.snapshot.garbage, columns) : [];
  if (entries.length === 0) {
    const text =
      state.view === 'all' ? 'No request has been made.' : 'Nothing waits. New requests appear here.';
    return [...notes, plainLine(cutText(text, columns), 'dim')].slice(0, rows);
  }
  const selected = selectedEntry(state);
  const room = rows - notes.length;
  if (room < 12 || selected === null)
    return [...notes, ...toRowLines(entries, selected, { columns, rows: room }, nowMs)];
  const listRows = Math.min(entries.length + 1, Math.max(4, Math.floor(room * 0.4)));
  const details = toEntryLines(selected, columns, nowMs);
  return [
    ...notes,
    ...toRowLines(entries, selected, { columns, rows: listRows }, nowMs),
    plainLine('─'.repeat(columns), 'dim'),
    ...cutLines(details, { columns, rows: room - listRows - 1 }),
  ];
}

/** Two lines at most: what is in the way of the requests is no reason to show fewer of them. */
function toGarbageLines(garbage: QueueSnapshot['garbage'], columns: number): readonly Line[] {
  const texts = garbage.map(({ slug, file, message }) => `${slug}: ${file} is no request: ${message}`);
  const more = texts.length - 1;
  const shown =
    more < 2
      ? texts
      : [
          ...texts.slice(0, 1),
          `${more} more files are no requests: see "bottle audit --event queue-garbage"`,
        ];
  return shown.map((text) => plainLine(cutText(toPrintable(text), columns), 'failed'));
}

function cutLines(lines: readonly Line[], { columns, rows }: ScreenSize): readonly Line[] {
  if (lines.length <= rows) return lines;
  const hidden = lines.length - rows + 1;
  const mark = `... ${hidden} more line${hidden === 1 ? '' : 's'}: Enter shows all`;
  return [...lines.slice(0, rows - 1), plainLine(cutText(mark, columns), 'dim')];
}

/** The part of a long text that is scrolled to, with a mark where there is more. */
function toScrolled(lines: readonly Line[], { scroll }: ListState, { columns, rows }: ScreenSize): Frame {
  if (lines.length <= rows) return { lines, maxScroll: 0 };
  const shown = Math.max(1, rows - 1);
  const maxScroll = lines.length - shown;
  const from = Math.min(scroll, maxScroll);
  const mark = `lines ${from + 1} to ${from + shown} of ${lines.length}: up and down move`;
  return {
    lines: [...lines.slice(from, from + shown), plainLine(cutText(mark, columns), 'dim')].slice(0, rows),
    maxScroll,
  };
}
