import type { QueueEntry } from '../../approvals/queue-entry.ts';

/** What became of a request, after its id: `was approved by alice`. */
export function toOutcome({ status, decision }: QueueEntry): string {
  if (status === 'waiting') return 'waits for an answer';
  if (status === 'lapsed') return 'lapsed: nobody answered in time';
  const by = decision === null ? '' : ` by ${decision.operator}`;
  return status === 'revoked' ? `was approved${by}, and taken back` : `was ${status}${by}`;
}
