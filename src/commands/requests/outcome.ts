import type { QueueEntry } from '../../approvals/queue-entry.ts';
import type { Proposal } from '../../queue/proposal.ts';

/** What became of a request, after its id: `was approved by alice`. */
export function toOutcome({ status, decision }: QueueEntry): string {
  if (status === 'waiting') return 'waits for an answer';
  if (status === 'lapsed') return 'lapsed: nobody answered in time';
  const by = decision === null ? '' : ` by ${decision.operator}`;
  return status === 'revoked' ? `was approved${by}, and taken back` : `was ${status}${by}`;
}

/** What was approved instead of what was asked for, or null. */
export function toEdited({ request, decision }: QueueEntry): Proposal | null {
  const approved = decision?.proposal ?? null;
  return JSON.stringify(approved ?? request.proposal) === JSON.stringify(request.proposal) ? null : approved;
}
