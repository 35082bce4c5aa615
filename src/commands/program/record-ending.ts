import { importQueues } from '../../approvals/import-queues.ts';
import { toPrintable } from '../text/to-printable.ts';
import { findApprovalSurroundings } from './open-operator.ts';

/**
 * Writes into the audit log what is in the queues of bottles that are about to be removed.
 * INVARIANT: a teardown is never held up by the log: what goes wrong here is said, and the bottle goes down all the same.
 */
export async function recordEnding(slugs: readonly string[]): Promise<void> {
  if (slugs.length === 0) return;
  try {
    await importQueues(findApprovalSurroundings(), slugs);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Warning: The audit log lacks what the queues held: ${toPrintable(message)}\n`);
  }
}
