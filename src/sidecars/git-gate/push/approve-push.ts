import type { PushProposal } from '../../../queue/proposal.ts';
import type { RequestQueue } from '../../daemon/request-queue.ts';
import { PushRefusal } from './ref-policy.ts';

const heartbeatMs = 30_000;

/**
 * Puts a push before the operator and waits for the answer.
 * @param reason the subjects of its commits, in the agent's words
 * @param gone fires when the one who pushed no longer waits; the request then lapses
 * @throws PushRefusal when it was rejected, lapsed or could not be asked
 */
export async function approvePush(
  queue: RequestQueue,
  proposal: PushProposal,
  reason: string,
  gone: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const asked = await queue.ask(proposal, reason);
  if (asked.kind === 'refused') throw new PushRefusal(asked.message);
  const { id, expiresAt } = asked.request;
  say(`This push waits for the operator's approval as ${id}, until ${expiresAt}.`);
  const heartbeat = setInterval(() => say(`${id} still waits for the operator.`), heartbeatMs);
  const withdraw = (): void => void queue.withdraw(id);
  gone.addEventListener('abort', withdraw, { once: true });
  if (gone.aborted) withdraw();
  try {
    const answer = await asked.answer;
    if (answer.kind === 'lapsed') {
      throw new PushRefusal(
        `Nobody approved the push in time (${id}), so nothing was pushed. Push again to ask again.`,
      );
    }
    const { status, notes } = answer.decision;
    const note = notes === '' ? '' : ` The operator's note: ${notes}`;
    if (status === 'rejected') throw new PushRefusal(`The operator rejected the push (${id}).${note}`);
    say(`The operator approved the push (${id}).${note}`);
  } finally {
    clearInterval(heartbeat);
    gone.removeEventListener('abort', withdraw);
  }
}
