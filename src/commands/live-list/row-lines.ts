import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { toSummary } from '../requests/proposal-text.ts';
import { toDuration } from '../text/to-duration.ts';
import { toPrintable } from '../text/to-printable.ts';
import { cutText, fitText } from './display-width.ts';
import { type Line, plainLine } from './styled-line.ts';

/** A column of the list; the last one has what is left of the width. */
interface Column {
  readonly title: string;
  readonly columns: number;
  readonly cell: (entry: QueueEntry, nowMs: number) => string;
}

const id: Column = { title: 'ID', columns: 12, cell: ({ request }) => request.id };
const kind: Column = { title: 'KIND', columns: 10, cell: ({ request }) => request.proposal.kind };
const asked: Column = { title: 'ASKED', columns: 5, cell: ({ request }) => `${request.asked}x` };
const what: Column = { title: 'WHAT', columns: 0, cell: ({ request }) => toSummary(request.proposal) };

function bottle(columns: number): Column {
  return { title: 'BOTTLE', columns, cell: (entry) => entry.bottle };
}

function standing(columns: number): Column {
  return {
    title: 'LEFT',
    columns,
    cell: ({ status, request }, nowMs) =>
      status === 'waiting' ? toDuration(Date.parse(request.expiresAt) - nowMs) : status,
  };
}

/** The list's rows about the selected one, below a line of titles. */
export function toRowLines(
  entries: readonly QueueEntry[],
  selected: QueueEntry | null,
  size: { readonly columns: number; readonly rows: number },
  nowMs: number,
): readonly Line[] {
  const columns = columnsFor(size.columns);
  const titles =
    size.rows >= 4
      ? [
          plainLine(
            toRow(
              columns.map(({ title }) => title),
              columns,
              '  ',
              size.columns,
            ),
            'dim',
          ),
        ]
      : [];
  const room = Math.max(1, size.rows - titles.length);
  const place = selected === null ? 0 : entries.indexOf(selected);
  const first = Math.max(0, Math.min(place - Math.floor(room / 2), entries.length - room));
  const rows = entries.slice(first, first + room).map((entry) => {
    const cells = columns.map((column) => toPrintable(column.cell(entry, nowMs)));
    const chosen = entry === selected;
    const line = toRow(cells, columns, chosen ? '> ' : '  ', size.columns);
    return plainLine(line, chosen ? 'selected' : entry.status === 'waiting' ? 'plain' : 'dim');
  });
  return [...titles, ...rows].slice(0, size.rows);
}

function columnsFor(width: number): readonly Column[] {
  if (width >= 90) return [id, bottle(16), kind, asked, standing(8), what];
  if (width >= 60) return [bottle(12), kind, standing(8), what];
  return width >= 36 ? [bottle(8), standing(7), what] : [what];
}

function toRow(cells: readonly string[], columns: readonly Column[], mark: string, width: number): string {
  const shown = cells.map((cell, place) => {
    const { columns: own } = columns[place] ?? what;
    return own === 0 ? cell : fitText(cell, own);
  });
  return cutText(`${mark}${shown.join('  ')}`, width);
}
