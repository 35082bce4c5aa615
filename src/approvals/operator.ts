import type { Proposal } from '../queue/proposal.ts';
import type { RequestId } from '../queue/request.ts';
import type { QueueEntry, QueueSnapshot } from './queue-entry.ts';

/** An answer to one request. */
export interface Answer {
  readonly id: RequestId;
  /** The bottle's name, where the same id waits in two bottles; null otherwise. */
  readonly bottle: string | null;
  /** For the agent; may be empty for an approval. */
  readonly notes: string;
  /** The entry's `revision` that the operator has seen, or null where none was shown (a script). */
  readonly seenRevision: number | null;
}

/** An approval. */
export interface Approval extends Answer {
  /** The edited proposal, or null to take it as it is. Same kind as the request's. */
  readonly proposal: Proposal | null;
  /** Whether to write the change into the bottle's manifest too. */
  readonly save: boolean;
}

/**
 * All that an operator can do with the queues of this host: what the commands, the live list and the page have in common.
 * Several may be at work at once, in several processes: of two answers to one request the first holds, and the other is told.
 */
export interface Operator {
  snapshot(): Promise<QueueSnapshot>;
  /** A snapshot now, and one after each change; ends when the signal aborts. */
  watch(signal: AbortSignal): AsyncIterable<QueueSnapshot>;
  /** @throws BottleError `request-not-found`, `usage-invalid` where an id is ambiguous */
  find(id: string, bottle: string | null): Promise<QueueEntry>;
  /**
   * What approving `proposal` instead would change. Also how an edit is checked before it is sent.
   * @throws BottleError `request-invalid`
   */
  preview(entry: QueueEntry, proposal: Proposal): Promise<readonly string[]>;
  /**
   * Approves: resolves when the bottle's daemons act by it and the agent can be told.
   * @throws BottleError `request-not-found`, `request-answered`, `request-stale`, `request-invalid`, `policy-not-applied`
   */
  approve(approval: Approval, signal: AbortSignal): Promise<QueueEntry>;
  /** @throws BottleError `request-not-found`, `request-answered` */
  reject(answer: Answer, signal: AbortSignal): Promise<QueueEntry>;
  /**
   * Takes a grant back: connections that used it are cut when this resolves.
   * @throws BottleError `grant-not-found`, `policy-not-applied`
   */
  revoke(id: string, bottle: string | null, signal: AbortSignal): Promise<QueueEntry>;
}
