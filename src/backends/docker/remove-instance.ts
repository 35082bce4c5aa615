import { BottleError } from '../../errors.ts';
import { removeInstanceFolder } from '../bundle/remove-folder.ts';
import { killContainer, removeContainer } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { statusOf } from '../engine/engine-error.ts';
import { removeNetwork } from '../engine/networks.ts';
import { removeVolume } from '../engine/volumes.ts';
import type { Instance } from './instance.ts';

/**
 * Removes the containers of an instance at once and without grace: the guest is taken for an enemy.
 * INVARIANT: no process of the guest outlives its guards: its containers are dead before the bundle is touched.
 */
export async function removeContainers(
  engine: Engine,
  instance: Pick<Instance, 'guestContainers' | 'bundleContainer'>,
): Promise<void> {
  const { guestContainers, bundleContainer } = instance;
  await together(guestContainers.map((name) => endContainer(engine, name)));
  const all = bundleContainer === null ? guestContainers : [...guestContainers, bundleContainer];
  await together(all.map((name) => removeContainer(engine, name)));
}

/** Removes what the containers used. Networks and volumes do not depend on each other. */
export async function removeNetworksAndVolumes(
  engine: Engine,
  instance: Pick<Instance, 'networks' | 'volumes'>,
): Promise<void> {
  await together([
    ...instance.networks.map((name) => removeNetwork(engine, name)),
    ...instance.volumes.map((name) => removeVolume(engine, name)),
  ]);
}

/** Removes everything of an instance, in the order that makes it safe; what is not there counts as removed. */
export async function removeInstance(engine: Engine, instance: Instance): Promise<void> {
  const failures: unknown[] = [];
  const steps = [
    () => removeContainers(engine, instance),
    () => removeNetworksAndVolumes(engine, instance),
    () => removeInstanceFolder(engine, instance.stateDirectory, instance.slug),
  ];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  throwAll(failures);
}

async function endContainer(engine: Engine, name: string): Promise<void> {
  try {
    await killContainer(engine, name, 'KILL');
  } catch (error) {
    // Not there, or not running: as wanted. Anything else shows again when it is removed.
    const status = statusOf(error);
    if (status !== 404 && status !== 409) throw error;
  }
}

/** Waits for all, whatever becomes of one of them. */
async function together(work: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(work);
  throwAll(settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
}

function throwAll(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  const words = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  throw new BottleError('teardown-incomplete', words.join(' '), {
    cause: failures.length === 1 ? failures[0] : new AggregateError(failures),
  });
}
