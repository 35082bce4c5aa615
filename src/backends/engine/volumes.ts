import type { Engine } from './engine.ts';
import { parseLabels, type ResourceLabels, toLabelFilter } from './labels.ts';
import { retryRemoval } from './retry-removal.ts';

/** A volume of bottle's, as the engine's list tells. */
export interface FoundVolume {
  readonly name: string;
  readonly labels: ResourceLabels;
}

/** Creates a volume; one of the same name would be taken as it is, so names hold the slug. */
export async function createVolume(
  engine: Engine,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  await engine.call(`volume create ${name}`, (docker) =>
    docker.createVolume({ Name: name, Driver: 'local', Labels: { ...labels } }),
  );
}

/** Removes a volume. What is not there counts as removed. */
export async function removeVolume(engine: Engine, name: string): Promise<void> {
  await retryRemoval(() => engine.call(`volume remove ${name}`, (docker) => docker.getVolume(name).remove()));
}

/** All volumes of bottle's, or those of one instance. */
export async function listVolumes(
  engine: Engine,
  only: { readonly slug?: string },
): Promise<readonly FoundVolume[]> {
  const filters = JSON.stringify(toLabelFilter(only));
  const { Volumes } = await engine.call('volume list', (docker) => docker.listVolumes({ filters }));
  return (Volumes ?? []).flatMap(({ Name, Labels }) => {
    const labels = parseLabels(Labels);
    return labels === null ? [] : [{ name: Name, labels }];
  });
}
