import { setTimeout as sleep } from 'node:timers/promises';
import { BottleError } from '../errors.ts';
import { tryClaim } from './claim.ts';

/** A lock to hold while something is done. */
export interface LockRequest {
  /** Absolute path of the lock's file. */
  readonly path: string;
  /** What is locked, for the error: `the audit log`. */
  readonly what: string;
  /** How long to wait for another holder. */
  readonly waitMs: number;
}

const lookEveryMs = 10;

/**
 * Does something while no other process, and nothing else in this one, does anything under the same lock. A lock whose holder was
 * killed is taken over.
 * @throws BottleError `operator-busy` when another holds it for longer than `waitMs`
 */
export async function withLock<T>(request: LockRequest, work: () => Promise<T>): Promise<T> {
  const { path, what, waitMs } = request;
  const end = performance.now() + waitMs;
  for (;;) {
    const answer = await tryClaim(path, '');
    if (answer.kind === 'claimed') {
      try {
        return await work();
      } finally {
        await answer.claim.release();
      }
    }
    if (performance.now() > end) {
      throw new BottleError('operator-busy', `Process ${answer.holder.pid} has been at work on ${what}.`);
    }
    await sleep(lookEveryMs);
  }
}
