/**
 * Runs branches at once, and ends only when all have: after it, no call to the engine is still under way that could
 * make something behind a teardown's back. The first failure aborts the others' signal, and is thrown.
 */
export async function runTogether<
  const Branches extends readonly ((signal: AbortSignal) => Promise<unknown>)[],
>(
  signal: AbortSignal,
  branches: Branches,
): Promise<{ readonly [Index in keyof Branches]: Awaited<ReturnType<Branches[Index]>> }> {
  const failure = new AbortController();
  const both = AbortSignal.any([signal, failure.signal]);
  const settled = await Promise.allSettled(
    branches.map(async (branch) => {
      try {
        both.throwIfAborted();
        return await branch(both);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  if (failure.signal.aborted) throw failure.signal.reason;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as {
    readonly [Index in keyof Branches]: Awaited<ReturnType<Branches[Index]>>;
  };
}
