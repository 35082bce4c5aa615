import { BottleError } from '../errors.ts';
import { withoutGrant } from '../plans/apply-grants.ts';
import { changePolicy, type PolicyChange, toChangeDifference, writePolicy } from './change-policy.ts';
import type { Instance } from './instance.ts';
import { removePending, writePending } from './pending-answer.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { ApprovalSurroundings } from './surroundings.ts';

/**
 * Takes a grant out of a running bottle's policy, and what was granted on its route with it. Called under the instance's lock.
 * INVARIANT: what fails or is interrupted once the daemons may have been told is not put back: it stays pending, and the next
 * command completes it.
 * @throws BottleError `grant-not-found`, `policy-not-applied`, `bottle-not-up`
 */
export async function revokeGrant(
  { audit, openBottle }: ApprovalSurroundings,
  { plan, policy }: Instance,
  { bottle, slug, stateDirectory, request: { id: request } }: QueueEntry,
  signal: AbortSignal,
): Promise<void> {
  const after = withoutGrant(policy, request);
  if (after === null) {
    throw new BottleError('grant-not-found', `Nothing that ${request} granted is in force in "${bottle}".`);
  }
  const running = await openBottle(plan);
  const change: PolicyChange = { plan, from: policy, to: after };
  const pending = { before: policy, after };
  await writePending(stateDirectory, { version: 1, cause: 'revoked', request, policy: pending });
  try {
    await changePolicy(change, running, signal);
  } catch (error) {
    if (!(error instanceof BottleError) || error.code !== 'policy-not-applied') throw error;
    const { message } = error;
    await audit.append([{ event: 'policy-refused', cause: 'revoked', request, message, bottle, slug }]);
    throw new BottleError('policy-not-applied', message, {
      hint: `The grant may still be in force. Revoke it once more, or end all its connections with "bottle down ${bottle}".`,
      cause: error,
    });
  }
  await writePolicy(plan, after);
  const difference = toChangeDifference(change);
  const { revision } = after;
  await audit.append([
    { event: 'policy-changed', revision, cause: 'revoked', request, difference, bottle, slug },
  ]);
  await removePending(stateDirectory);
}
