import { attachContainer, killContainer } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { awaitReloaded } from './await-reloaded.ts';

/** A daemon reads two small files and closes what is revoked. Where a guest floods it, that has taken seconds; this long, and it hangs. */
const answerTimeoutMs = 15_000;

/**
 * Has a bundle's daemons read their files again.
 * @param revision returns when the daemons act by it; null: when they have been told
 * @throws BottleError `policy-not-applied`, and what the engine says of a bundle that is not there or does not run
 */
export async function reloadBundle(
  engine: Engine,
  container: string,
  options: { readonly revision: number | null; readonly signal: AbortSignal },
): Promise<void> {
  const { revision, signal } = options;
  signal.throwIfAborted();
  if (revision === null) return await killContainer(engine, container, 'HUP');
  // Attached before the signal, so that no answer is missed.
  const stream = await attachContainer(engine, container, { stdin: false, replay: false });
  try {
    stream.on('error', () => undefined);
    signal.throwIfAborted();
    await killContainer(engine, container, 'HUP');
    await awaitReloaded(stream, { revision, timeoutMs: answerTimeoutMs, signal });
  } finally {
    stream.destroy();
  }
}
