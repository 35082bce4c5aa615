import type { QueueEntry } from '../../approvals/queue-entry.ts';
import type { Proposal } from '../../queue/proposal.ts';

/** Whether a request can be changed before it is approved: a push is what it is, and a capability is words alone. */
export function isEditable({ status, request }: QueueEntry): boolean {
  return status === 'waiting' && changesPolicy(request.proposal);
}

/** Whether approving it can be written into the manifest. */
export function isSavable(proposal: Proposal): boolean {
  return changesPolicy(proposal);
}

/** Whether there is a grant to take back. */
export function isRevocable({ status, decision }: QueueEntry): boolean {
  return status === 'approved' && decision !== null && decision.revision !== null;
}

function changesPolicy({ kind }: Proposal): boolean {
  return kind === 'route' || kind === 'exemption';
}
