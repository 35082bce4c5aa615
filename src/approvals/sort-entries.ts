import type { QueueEntry } from './queue-entry.ts';

/** Waiting requests first, the oldest of them first; then what is over, the latest first. */
export function sortEntries(entries: readonly QueueEntry[]): readonly QueueEntry[] {
  return entries.toSorted((a, b) => {
    const isWaiting = Number(b.status === 'waiting') - Number(a.status === 'waiting');
    if (isWaiting !== 0) return isWaiting;
    const [first, second] = a.status === 'waiting' ? [a, b] : [b, a];
    return compare(endOf(first), endOf(second)) || compare(a.request.id, b.request.id);
  });
}

/** What a request is put in order by: when it was made while it waits, else when it was over. */
function endOf({ status, request, decision }: QueueEntry): string {
  if (status === 'waiting') return request.createdAt;
  return decision?.decidedAt ?? request.lapsedAt ?? request.expiresAt;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
