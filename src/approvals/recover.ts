import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import { toFileName } from '../queue/request-id.ts';
import { changePolicy, type PolicyChange, toChangeDifference, writePolicy } from './change-policy.ts';
import type { Instance } from './instance.ts';
import { readPending, removePending } from './pending-answer.ts';
import type { ApprovalSurroundings } from './surroundings.ts';

/**
 * Puts right what a killed command left of an answer. Called under the instance's lock.
 * INVARIANT: what was interrupted ends with fewer rights, not more: an approval is undone, and its request waits
 * on; so does that of a rejection; a revocation is completed. An approval whose decision is written is whole: the agent may act by it already.
 * @throws BottleError `policy-not-applied` while its daemons cannot be told
 */
export async function recoverInstance(
  surroundings: ApprovalSurroundings,
  { plan }: Instance,
  signal: AbortSignal,
): Promise<void> {
  const { stateDirectory, slug, name: bottle } = plan;
  const pending = await readPending(stateDirectory);
  if (pending === null) return;
  const { request, cause, policy } = pending;
  const isWhole = await isThere(join(stateDirectory, 'bundle/decisions', toFileName(request)));
  if (cause === 'revoked' || !isWhole) {
    const outcome = cause === 'revoked' ? 'completed' : 'undone';
    if (policy !== null) {
      const { before: from, after: to } = policy;
      const change: PolicyChange =
        outcome === 'completed' ? { plan, from, to } : { plan, from: to, to: from };
      await applyIfUp(surroundings, change, signal);
      await writePolicy(plan, change.to);
      if (outcome === 'completed') {
        const difference = toChangeDifference(change);
        const { revision } = change.to;
        await surroundings.audit.append([
          { event: 'policy-changed', revision, cause: 'revoked', request, difference, bottle, slug },
        ]);
      }
    }
    await surroundings.audit.append([{ event: 'interrupted', request, cause, outcome, bottle, slug }]);
  }
  await removePending(stateDirectory);
}

/** A bottle whose daemons are gone has nobody to tell. */
async function applyIfUp(
  { openBottle }: ApprovalSurroundings,
  change: PolicyChange,
  signal: AbortSignal,
): Promise<void> {
  try {
    await changePolicy(change, await openBottle(change.plan), signal);
  } catch (error) {
    const isGone =
      error instanceof BottleError && ['bottle-not-up', 'bottle-not-running'].includes(error.code);
    if (!isGone) throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
