import type { Proposal } from '../../queue/proposal.ts';
import { toProposalKey } from '../../queue/proposal-key.ts';

/** For this long a rejection holds for whoever asks the same again. */
const holdMs = 5 * 60_000;

/** What the operator rejected a moment ago. SECURITY: a guest that asks again and again reaches nobody by it. */
export interface RecentRejections {
  /** The notes of a rejection that still holds, or null. */
  find(proposal: Proposal, nowMs: number): string | null;
  add(proposal: Proposal, notes: string, nowMs: number): void;
}

export function createRecentRejections(): RecentRejections {
  const known = new Map<string, { readonly notes: string; readonly untilMs: number }>();
  return {
    find(proposal, nowMs) {
      for (const [key, { untilMs }] of known) if (untilMs <= nowMs) known.delete(key);
      return known.get(toProposalKey(proposal))?.notes ?? null;
    },
    add(proposal, notes, nowMs) {
      known.set(toProposalKey(proposal), { notes, untilMs: nowMs + holdMs });
    },
  };
}
