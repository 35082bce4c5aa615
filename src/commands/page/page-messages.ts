import type { QueueEntry, QueueGarbage } from '../../approvals/queue-entry.ts';
import type { Proposal } from '../../queue/proposal.ts';

/**
 * What the page and its server say to each other: the page posts JSON with {@link keyHeader}, the answer is one of these or a
 * {@link PageError}.
 */
export const keyHeader = 'x-bottle-key';

/** What all queues hold, sent after each change. */
export interface PageSnapshot {
  readonly entries: readonly QueueEntry[];
  readonly garbage: readonly QueueGarbage[];
  /** The server's clock, milliseconds since 1970. */
  readonly nowMs: number;
}

/** Which request a message is about. */
export interface PageRequest {
  readonly id: string;
  readonly bottle: string;
}

/** Asks for the text to edit a request in. */
export type EditRequest = PageRequest;

export interface EditAnswer {
  readonly text: string;
}

/** Asks what approving would change, of an edited text or of a proposal that was shown before. */
export interface PreviewRequest extends PageRequest {
  readonly proposal: string | Proposal;
}

export interface PreviewAnswer {
  /** As the request is now. */
  readonly entry: QueueEntry;
  readonly proposal: Proposal;
  readonly difference: readonly string[];
}

export interface ApproveRequest extends PageRequest {
  readonly notes: string;
  readonly save: boolean;
  /** What the operator has seen. */
  readonly seenRevision: number;
  readonly proposal: Proposal;
}

export interface RejectRequest extends PageRequest {
  readonly notes: string;
  readonly seenRevision: number;
}

/** Takes a grant back. */
export type RevokeRequest = PageRequest;

/** What went wrong, as every command says it. */
export interface PageError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}
