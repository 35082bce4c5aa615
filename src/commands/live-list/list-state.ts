import type { QueueEntry, QueueSnapshot } from '../../approvals/queue-entry.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { toOutcome } from '../requests/outcome.ts';
import type { TextField } from './text-field.ts';

/** Which request, whatever its place in the list. */
export interface EntryKey {
  readonly slug: string;
  readonly id: string;
}

/** What the keys are for at the moment. */
export type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }
  /** One request, whole. */
  | { readonly kind: 'whole'; readonly entry: QueueEntry }
  | ApproveMode
  | { readonly kind: 'reject'; readonly entry: QueueEntry; readonly field: TextField }
  | { readonly kind: 'revoke'; readonly entry: QueueEntry }
  /** An answer is under way, or an editor has the terminal. */
  | { readonly kind: 'busy'; readonly entry: QueueEntry; readonly doing: string };

/** INVARIANT: what is approved is what is shown: the entry stays as it was when the question was put. */
export interface ApproveMode {
  readonly kind: 'approve';
  readonly entry: QueueEntry;
  /** What is to be approved: as it was asked, or edited. */
  readonly proposal: Proposal;
  readonly difference: readonly string[];
  readonly notes: string;
  /** The note while it is typed, else null. */
  readonly field: TextField | null;
}

/** One sentence about the last thing that was done. */
export interface Message {
  readonly tone: 'done' | 'failed';
  readonly text: string;
}

/** All that the live list shows. */
export interface ListState {
  /** Null until the queues have been read. */
  readonly snapshot: QueueSnapshot | null;
  readonly view: 'waiting' | 'all';
  readonly selected: EntryKey | null;
  readonly mode: Mode;
  /** Lines that a long text is moved up by. */
  readonly scroll: number;
  readonly message: Message | null;
}

export const initialState: ListState = {
  snapshot: null,
  view: 'waiting',
  selected: null,
  mode: { kind: 'list' },
  scroll: 0,
  message: null,
};

/** The requests of the view, in the order of the snapshot. */
export function listedEntries({ snapshot, view }: ListState): readonly QueueEntry[] {
  const entries = snapshot?.entries ?? [];
  return view === 'all' ? entries : entries.filter(({ status }) => status === 'waiting');
}

/** The request that the keys are for, or null where none is listed. */
export function selectedEntry(state: ListState): QueueEntry | null {
  return listedEntries(state).find((entry) => isSame(entry, state.selected)) ?? null;
}

/** Takes in what the queues hold now. The selection stays with its request; when that has gone, it goes to the next one. */
export function withSnapshot(state: ListState, snapshot: QueueSnapshot): ListState {
  const place = listedEntries(state).findIndex((entry) => isSame(entry, state.selected));
  const next = { ...state, snapshot };
  const told = tellOfOthers(next);
  return selectedEntry(told) === null ? selectPlace(told, Math.max(0, place)) : told;
}

/** Shows the other view; the selected request stays selected where it is in both. */
export function withView(state: ListState, view: ListState['view']): ListState {
  const next = { ...state, view };
  return selectedEntry(next) === null ? selectPlace(next, 0) : next;
}

/** Selects the request `by` places further, as far as there are any. */
export function moveSelection(state: ListState, by: number): ListState {
  const place = listedEntries(state).findIndex((entry) => isSame(entry, state.selected));
  return selectPlace(state, place + by);
}

/** A request's own page in the list's state: the mode, from its top. */
export function withMode(state: ListState, mode: Mode): ListState {
  return { ...state, mode, scroll: 0 };
}

function selectPlace(state: ListState, place: number): ListState {
  const entries = listedEntries(state);
  const entry = entries[Math.min(Math.max(0, place), entries.length - 1)];
  return { ...state, selected: entry === undefined ? null : { slug: entry.slug, id: entry.request.id } };
}

function isSame(entry: QueueEntry, key: EntryKey | null): boolean {
  return key !== null && entry.slug === key.slug && entry.request.id === key.id;
}

/**
 * A question about a request that somebody else has answered meanwhile, or that has lapsed, is taken away, and it is said. A
 * request that is only looked at is shown as it is now.
 */
function tellOfOthers(state: ListState): ListState {
  const { mode } = state;
  if (mode.kind === 'list' || mode.kind === 'help' || mode.kind === 'busy') return state;
  const { slug, request } = mode.entry;
  const now = state.snapshot?.entries.find((entry) => isSame(entry, { slug, id: request.id })) ?? null;
  if (now !== null && mode.kind === 'whole') return { ...state, mode: { kind: 'whole', entry: now } };
  if (now?.status === mode.entry.status) return state;
  const text =
    now === null ? `${request.id} has gone: its bottle is down.` : `${request.id} ${toOutcome(now)}.`;
  return { ...withMode(state, { kind: 'list' }), message: { tone: 'failed', text } };
}
