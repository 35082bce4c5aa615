/** Work that must not overlap, one after the other. */
export interface Turns {
  /**
   * Runs `work` when all that asked before is done.
   * @throws what `work` throws, or the signal's reason where it fires while waiting
   */
  take<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async take(work, signal) {
      const before = last;
      const { promise: done, resolve } = Promise.withResolvers<void>();
      last = before.then(() => done);
      try {
        await orAborted(before, signal);
        return await work();
      } finally {
        resolve();
      }
    },
  };
}

/** Waits for a promise that never rejects, or for the signal. */
async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
