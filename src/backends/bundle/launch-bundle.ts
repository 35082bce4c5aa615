import type { BundlePlan } from '../../plans/bundle-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import type { BundleSecretsLine } from '../../sidecars/protocol.ts';
import { attachContainer, createContainer, startContainer } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { connectNetwork } from '../engine/networks.ts';
import { awaitReady } from './await-ready.ts';
import { type BundlePlace, toBundleContainer } from './bundle-container.ts';

/** What launching a bundle takes beside its plan. */
export interface BundleLaunch extends BundlePlace {
  /** Its way out, and its address there where that is pinned. */
  readonly uplink: { readonly name: string; readonly address: string | null };
  readonly secrets: Readonly<Record<SecretId, string>>;
  readonly signal: AbortSignal;
}

/** Init keeps the time itself and says what was late; this much more, and it is init that hangs. */
const patienceMs = 5_000;

/**
 * Creates and starts a bundle, gives it its secrets and waits until every daemon is ready. Removing the container is the
 * caller's, whose disposer stands before this call.
 * @returns the PEM of the bottle's certificate authority
 * @throws BottleError `bundle-failed`, `image-missing`, `engine-*`
 */
export async function launchBundle(engine: Engine, plan: BundlePlan, launch: BundleLaunch): Promise<string> {
  const { container, uplink, secrets, signal } = launch;
  await createContainer(engine, toBundleContainer(plan, launch));
  signal.throwIfAborted();
  await connectNetwork(engine, uplink.name, container, uplink.address);
  signal.throwIfAborted();
  // Attached before it starts, so that no line of it is missed.
  const stream = await attachContainer(engine, container, { stdin: true, replay: false });
  try {
    stream.on('error', () => undefined);
    signal.throwIfAborted();
    await startContainer(engine, container);
    const line: BundleSecretsLine = { secrets };
    // SECURITY: the only way the values take; the engine neither records nor logs a container's input.
    stream.end(`${JSON.stringify(line)}\n`);
    return await awaitReady(stream, { timeoutMs: plan.readyTimeoutMs + patienceMs, signal });
  } finally {
    stream.destroy();
  }
}
