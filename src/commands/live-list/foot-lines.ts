import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { isEditable, isRevocable, isSavable } from '../requests/what-fits.ts';
import { toPrintable } from '../text/to-printable.ts';
import { cutText, wrapText } from './display-width.ts';
import { toFieldLine } from './field-line.ts';
import { type ListState, selectedEntry } from './list-state.ts';
import { type Line, plainLine } from './styled-line.ts';

/** The last thing that was done, and the keys there are; or the line that is being typed. */
export function toFoot(state: ListState, columns: number): readonly Line[] {
  const { message, mode } = state;
  const told =
    message === null
      ? []
      : wrapText(toPrintable(message.text), columns)
          .slice(0, 3)
          .map((text) => plainLine(text, message.tone));
  if (mode.kind === 'reject')
    return [
      ...told,
      toFieldLine('Why not? ', mode.field, columns),
      toKeys('Enter rejects  Esc goes back', columns),
    ];
  if (mode.kind === 'approve' && mode.field !== null) {
    return [
      ...told,
      toFieldLine('Note for the agent: ', mode.field, columns),
      toKeys('Enter keeps it  Esc goes back', columns),
    ];
  }
  return [...told, toKeys(keysOf(state), columns)];
}

function toKeys(keys: string, columns: number): Line {
  return plainLine(cutText(keys, columns), 'dim');
}

function keysOf(state: ListState): string {
  const { mode } = state;
  switch (mode.kind) {
    case 'list':
      return [...toListKeys(selectedEntry(state)), 'Tab all or waiting', '? help', 'q quit'].join('  ');
    case 'approve':
      return [
        'y yes',
        ...(isSavable(mode.proposal) ? ['s yes, and save to the manifest'] : []),
        't note',
        ...(isEditable(mode.entry) ? ['e edit'] : []),
        'n no',
      ].join('  ');
    case 'revoke':
      return 'y yes  n no';
    case 'busy':
      return mode.doing;
    case 'whole':
      return [...toListKeys(mode.entry).filter((key) => key !== 'Enter whole'), 'Esc back'].join('  ');
    default:
      return 'Esc back';
  }
}

function toListKeys(entry: QueueEntry | null): readonly string[] {
  if (entry === null) return [];
  if (isRevocable(entry)) return ['v revoke', 'Enter whole'];
  if (entry.status !== 'waiting') return ['Enter whole'];
  return ['a approve', ...(isEditable(entry) ? ['e edit'] : []), 'r reject', 'Enter whole'];
}
