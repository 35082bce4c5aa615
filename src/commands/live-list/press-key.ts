import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { isEditable, isRevocable, isSavable } from '../requests/what-fits.ts';
import type { KeyPress } from './key-press.ts';
import {
  type ApproveMode,
  type ListState,
  moveSelection,
  selectedEntry,
  withMode,
  withView,
} from './list-state.ts';
import type { Pressed } from './pressed.ts';
import { emptyField } from './text-field.ts';
import { openNote, toTyping, typeKey } from './typing.ts';

type Move = (KeyPress & { kind: 'move' })['to'];

const pageRows = 10;
const far = Number.MAX_SAFE_INTEGER;
const distances: Readonly<Record<Move, number>> = {
  up: -1,
  down: 1,
  'page-up': -pageRows,
  'page-down': pageRows,
  first: -far,
  last: far,
};

/**
 * What a key does to the state; pure.
 * @param maxScroll how far the text on the screen can be moved up
 */
export function pressKey(state: ListState, key: KeyPress, maxScroll: number): Pressed {
  const { mode } = state;
  if (key.kind === 'interrupt') return { state, effect: { kind: 'interrupt' } };
  const typing = toTyping(mode);
  const typed = typing === null ? null : typeKey(state, typing, key);
  if (typed !== null) return typed;
  if (key.kind === 'move') return move(state, key.to, maxScroll);
  if (typing !== null || mode.kind === 'busy') return only(state);
  if (key.kind === 'back') return only(toList(state));
  if (mode.kind === 'list' && key.kind === 'switch') {
    return only({ ...withView(state, state.view === 'all' ? 'waiting' : 'all'), message: null });
  }
  const selected = selectedEntry(state);
  if (mode.kind === 'list' && key.kind === 'enter' && selected !== null) {
    return only({ ...withMode(state, { kind: 'whole', entry: selected }), message: null });
  }
  if (key.kind !== 'text') return only(state);
  if (key.text.length === 1) return command(state, key.text, maxScroll);
  // SECURITY: letters that come in one piece are keys held down, or a paste by a terminal that does not say so: no answer is
  // taken from it.
  const [moves = ''] = /^[jk]*/.exec(key.text) ?? [];
  return [...moves].reduce((pressed, letter) => command(pressed.state, letter, maxScroll), only(state));
}

function command(state: ListState, letter: string, maxScroll: number): Pressed {
  const { mode } = state;
  if (letter === 'j' || letter === 'k') return move(state, letter === 'j' ? 'down' : 'up', maxScroll);
  switch (mode.kind) {
    case 'approve':
      return answerApproval(state, mode, letter);
    case 'revoke':
      if (letter === 'y') return { state, effect: { kind: 'revoke', entry: mode.entry } };
      return only(isNo(letter) ? toList(state) : state);
    case 'help':
      return only(letter === 'q' || letter === '?' ? toList(state) : state);
    case 'whole':
      return letter === 'q' ? only(toList(state)) : onEntry(state, mode.entry, letter);
    case 'list':
      if (letter === 'q') return { state, effect: { kind: 'quit' } };
      if (letter === '?') return only({ ...withMode(state, { kind: 'help' }), message: null });
      return onEntry(state, selectedEntry(state), letter);
    default:
      return only(state);
  }
}

function onEntry(state: ListState, entry: QueueEntry | null, letter: string): Pressed {
  if (entry === null) return only(state);
  const quiet = { ...state, message: null };
  const waits = entry.status === 'waiting';
  if (letter === 'a' && waits) {
    const { proposal } = entry.request;
    const { difference } = entry;
    return only(withMode(quiet, { kind: 'approve', entry, proposal, difference, notes: '', field: null }));
  }
  if (letter === 'r' && waits) return only(withMode(quiet, { kind: 'reject', entry, field: emptyField }));
  if (letter === 'v' && isRevocable(entry)) return only(withMode(quiet, { kind: 'revoke', entry }));
  if (letter === 'e' && isEditable(entry)) return { state, effect: { kind: 'edit', entry, shown: null } };
  return only(state);
}

function answerApproval(state: ListState, shown: ApproveMode, letter: string): Pressed {
  const { entry } = shown;
  if (letter === 'y') return { state, effect: { kind: 'approve', shown, save: false } };
  if (letter === 's' && isSavable(shown.proposal))
    return { state, effect: { kind: 'approve', shown, save: true } };
  if (letter === 'e' && isEditable(entry)) return { state, effect: { kind: 'edit', entry, shown } };
  if (letter === 't') return only({ ...state, mode: openNote(shown) });
  return only(isNo(letter) ? toList(state) : state);
}

function isNo(letter: string): boolean {
  return letter === 'n' || letter === 'q';
}

function move(state: ListState, to: Move, maxScroll: number): Pressed {
  const by = distances[to];
  if (state.mode.kind === 'list') return only({ ...moveSelection(state, by), message: null });
  const from = Math.min(state.scroll, maxScroll);
  return only({ ...state, scroll: Math.max(0, Math.min(from + by, maxScroll)) });
}

function toList(state: ListState): ListState {
  return { ...withMode(state, { kind: 'list' }), message: null };
}

function only(state: ListState): Pressed {
  return { state, effect: null };
}
