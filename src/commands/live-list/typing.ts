import { queueLimits } from '../../queue/queue-limits.ts';
import type { KeyPress } from './key-press.ts';
import { type ApproveMode, type ListState, type Mode, withMode } from './list-state.ts';
import type { Pressed } from './pressed.ts';
import { type EditKey, editField, emptyField, insertText, type TextField } from './text-field.ts';

/** A mode in which keys are letters of a text. */
export type TypingMode = (Mode & { readonly kind: 'reject' }) | (ApproveMode & { readonly field: TextField });

/** The mode when a text is typed in it, else null. */
export function toTyping(mode: Mode): TypingMode | null {
  if (mode.kind === 'reject') return mode;
  return mode.kind === 'approve' && mode.field !== null ? { ...mode, field: mode.field } : null;
}

/** The question with its note open to be typed. */
export function openNote(mode: ApproveMode): ApproveMode {
  return { ...mode, field: insertText(emptyField, mode.notes, queueLimits.maxNotesLength) };
}

/** What a key does to the text that is typed; null for a key that is not for it. */
export function typeKey(state: ListState, mode: TypingMode, key: KeyPress): Pressed | null {
  if (key.kind === 'text') return typeText(state, mode, key.text);
  if (key.kind === 'back') return leave(state, mode);
  if (key.kind === 'enter') return finish(state, mode);
  const edit = toEditKey(key);
  return edit === null ? null : withField(state, mode, editField(mode.field, edit));
}

/** Puts typed or pasted text in. */
export function typeText(state: ListState, mode: TypingMode, text: string): Pressed {
  return withField(state, mode, insertText(mode.field, text, queueLimits.maxNotesLength));
}

function withField(state: ListState, mode: TypingMode, field: TextField): Pressed {
  return { state: { ...state, mode: { ...mode, field } }, effect: null };
}

function leave(state: ListState, mode: TypingMode): Pressed {
  if (mode.kind === 'approve') return { state: { ...state, mode: { ...mode, field: null } }, effect: null };
  return { state: { ...withMode(state, { kind: 'list' }), message: null }, effect: null };
}

function finish(state: ListState, mode: TypingMode): Pressed {
  const notes = mode.field.text.trim();
  if (mode.kind === 'approve')
    return { state: { ...state, mode: { ...mode, notes, field: null } }, effect: null };
  if (notes !== '') return { state, effect: { kind: 'reject', entry: mode.entry, notes } };
  const text = 'The agent needs a reason: write a few words.';
  return { state: { ...state, message: { tone: 'failed', text } }, effect: null };
}

/** In a text, the keys to the first and the last line are those to its beginning and end. */
function toEditKey(key: KeyPress): EditKey | null {
  if (key.kind === 'edit') return key.key;
  if (key.kind !== 'move') return null;
  return key.to === 'first' ? 'home' : key.to === 'last' ? 'end' : null;
}
