import { findInstances } from './instance.ts';
import { createQueueReader } from './queue-reader.ts';
import { recordQueues } from './recorded.ts';
import type { ApprovalSurroundings } from './surroundings.ts';

/**
 * Writes into the audit log what it does not say yet of the queues: of all bottles, or of those that are about to go with their
 * folders. What still waits in these lapses.
 * @param ending the slugs of those, or null
 * @throws BottleError `audit-broken`, `audit-unwritable`, `operator-busy`
 */
export async function importQueues(
  { stateHome, audit, now }: Pick<ApprovalSurroundings, 'stateHome' | 'audit' | 'now'>,
  ending: readonly string[] | null,
): Promise<void> {
  const reader = createQueueReader();
  const { instances } = await findInstances(stateHome);
  for (const instance of instances) {
    if (ending !== null && !ending.includes(instance.plan.slug)) continue;
    const queues = await reader.readQueues(instance, now());
    await recordQueues(audit, { instance, ...queues }, { now: now(), ending: ending !== null });
  }
}
