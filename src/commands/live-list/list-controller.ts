import type { Operator } from '../../approvals/operator.ts';
import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleError } from '../../errors.ts';
import { toProblemText } from '../requests/problem-text.ts';
import { type Editor, editProposal } from './edit-proposal.ts';
import { createFrame, type ScreenSize } from './frame.ts';
import type { KeyPress } from './key-press.ts';
import {
  type ApproveMode,
  initialState,
  type ListState,
  type Mode,
  withMode,
  withSnapshot,
} from './list-state.ts';
import { pressKey } from './press-key.ts';
import type { Effect, Pressed } from './pressed.ts';
import { toTyping, typeText } from './typing.ts';

/** What the live list works with. */
export interface ListParts {
  readonly operator: Operator;
  readonly edit: Editor;
  /** Told what waits, after each change. */
  readonly notify: (entries: readonly QueueEntry[]) => Promise<void>;
  readonly size: () => ScreenSize;
  readonly nowMs: () => number;
  /** Aborts what is under way. */
  readonly signal: AbortSignal;
  /** The operator wants to leave, or something went wrong that nobody expected. */
  readonly onEnd: (reason: 'quit' | 'interrupt' | Error) => void;
}

/** The live list without its screen. */
export interface ListController {
  readonly state: () => ListState;
  /** Calls back after each change; returns what ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  press(key: KeyPress): void;
  /** Takes pasted text. SECURITY: it is text, never keys. */
  paste(text: string): void;
  /** Says one sentence of something that failed elsewhere. */
  tell(text: string): void;
  /** Follows the queues until the signal aborts. */
  follow(): Promise<void>;
  /** Resolves when no answer is under way any more. */
  settled(): Promise<void>;
}

/** How something under way ends: with a sentence that it is done, or with the question that comes next. */
type Outcome = string | Mode;

/** Joins the pure parts, what keys do and what snapshots do, with what answers the requests. */
export function createListController(parts: ListParts): ListController {
  const { operator, signal } = parts;
  const listeners = new Set<() => void>();
  let state = initialState;
  let working: Promise<void> = Promise.resolve();

  function change(next: ListState): void {
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  }

  function apply(pressed: Pressed): void {
    change(pressed.state);
    if (pressed.effect !== null) perform(pressed.effect);
  }

  function perform(effect: Effect): void {
    if (effect.kind === 'quit' || effect.kind === 'interrupt') parts.onEnd(effect.kind);
    else if (effect.kind === 'approve') {
      work(effect.shown.entry, 'Approving', () => approve(effect.shown, effect.save));
    } else if (effect.kind === 'edit') work(effect.entry, 'Editing', () => edit(effect.entry, effect.shown));
    else if (effect.kind === 'reject') {
      work(effect.entry, 'Rejecting', async () => {
        await operator.reject({ ...toAnswer(effect.entry), notes: effect.notes }, signal);
        return `${effect.entry.request.id} is rejected.`;
      });
    } else {
      work(effect.entry, 'Taking back', async () => {
        await operator.revoke(effect.entry.request.id, effect.entry.bottle, signal);
        return `${effect.entry.request.id} is taken back.`;
      });
    }
  }

  /** Does something that takes a moment; what is expected to go wrong is said in one line. */
  function work(entry: QueueEntry, doing: string, act: () => Promise<Outcome>): void {
    change({
      ...withMode(state, { kind: 'busy', entry, doing: `${doing} ${entry.request.id} ...` }),
      message: null,
    });
    working = act().then(
      (outcome) => change(toNext(state, outcome)),
      (error: unknown) => {
        if (error instanceof BottleError) change(toFailed(state, error));
        else parts.onEnd(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async function approve({ entry, proposal, notes }: ApproveMode, save: boolean): Promise<Outcome> {
    try {
      // SECURITY: the proposal that was shown goes along, so that what is approved cannot have been exchanged since.
      await operator.approve({ ...toAnswer(entry), notes, proposal, save }, signal);
      return `${entry.request.id} is approved${save ? ', and saved to the manifest' : ''}.`;
    } catch (error) {
      if (!(error instanceof BottleError) || error.code !== 'request-stale') throw error;
    }
    // The policy changed since the question was put: it is put again, with the difference there is now.
    const now = await operator.find(entry.request.id, entry.bottle);
    const difference = await operator.preview(now, proposal);
    change({
      ...state,
      message: { tone: 'failed', text: 'The policy has changed since. This is the difference it makes now.' },
    });
    return { kind: 'approve', entry: now, proposal, difference, notes, field: null };
  }

  async function edit(entry: QueueEntry, shown: ApproveMode | null): Promise<Outcome> {
    const edited = await editProposal(entry, shown?.proposal ?? entry.request.proposal, operator, parts.edit);
    if (edited === null) return shown ?? 'Nothing was edited.';
    return { kind: 'approve', entry, ...edited, notes: shown?.notes ?? '', field: null };
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    press(key) {
      apply(pressKey(state, key, createFrame(state, parts.size(), parts.nowMs()).maxScroll));
    },
    paste(text) {
      const typing = toTyping(state.mode);
      if (typing !== null) apply(typeText(state, typing, text));
    },
    tell(text) {
      change({ ...state, message: { tone: 'failed', text } });
    },
    async follow() {
      for await (const snapshot of operator.watch(signal)) {
        change(withSnapshot(state, snapshot));
        await parts.notify(snapshot.entries);
      }
    },
    settled: () => working,
  };
}

function toAnswer({ request, bottle, revision }: QueueEntry) {
  return { id: request.id, bottle, seenRevision: revision };
}

function toNext(state: ListState, outcome: Outcome): ListState {
  if (typeof outcome !== 'string') return withMode(state, outcome);
  return { ...withMode(state, { kind: 'list' }), message: { tone: 'done', text: outcome } };
}

function toFailed(state: ListState, error: BottleError): ListState {
  return { ...withMode(state, { kind: 'list' }), message: { tone: 'failed', text: toProblemText(error) } };
}
