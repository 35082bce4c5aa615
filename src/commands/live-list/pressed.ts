import type { QueueEntry } from '../../approvals/queue-entry.ts';
import type { ApproveMode, ListState } from './list-state.ts';

/** What a key asks to be done beyond the screen. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'approve'; readonly shown: ApproveMode; readonly save: boolean }
  | { readonly kind: 'reject'; readonly entry: QueueEntry; readonly notes: string }
  | { readonly kind: 'revoke'; readonly entry: QueueEntry }
  /** `shown` is the question that the editor was opened from, or null. */
  | { readonly kind: 'edit'; readonly entry: QueueEntry; readonly shown: ApproveMode | null };

/** What a key makes of the list. */
export interface Pressed {
  readonly state: ListState;
  readonly effect: Effect | null;
}
