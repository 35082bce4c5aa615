import { isProcessOver, parseIdentityText } from '../../host/process-identity.ts';
import { findStateDirectories, isMarkedDetached } from '../../host/state-directory.ts';
import type { Leftover } from '../backend.ts';
import { removeInstanceFolder } from '../bundle/remove-folder.ts';
import { type FoundContainer, listContainers, removeContainer } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import type { ResourceLabels } from '../engine/labels.ts';
import { listNetworks, removeNetwork } from '../engine/networks.ts';
import { listVolumes, removeVolume } from '../engine/volumes.ts';

/** A labelled resource, with what it takes to judge and remove it. */
interface Resource {
  readonly kind: Leftover['kind'];
  readonly id: string;
  readonly name: string;
  readonly slug: string;
}

/** Removal goes by kind: nothing that is still in use comes first, and guests come before their guards. */
const roleOrder: readonly ResourceLabels['role'][] = ['guest', 'filler', 'bundle'];

/**
 * Finds what belongs to no instance that is meant to be there.
 * @param instances the folder with the state folders of this operator
 */
export async function findLeftovers(engine: Engine, instances: string): Promise<readonly Leftover[]> {
  // The folders first: an instance that is being made has its folder before its resources.
  const folders = await findStateDirectories(instances);
  const [containers, networks, volumes] = await Promise.all([
    listContainers(engine, {}),
    listNetworks(engine, {}),
    listVolumes(engine, {}),
  ]);
  const labels = new Map(
    [...volumes, ...networks, ...containers].map((found) => [found.labels.slug, found.labels]),
  );
  const reasons = new Map<string, string>();
  for (const [slug, own] of labels) {
    const reason = await findReason(own, containers);
    if (reason !== null) reasons.set(slug, reason);
  }
  for (const { slug, ownerOver } of folders) {
    if (!labels.has(slug) && ownerOver)
      reasons.set(slug, 'its containers are gone and its launcher has ended');
  }
  const resources: readonly Resource[] = [
    ...containers.toSorted(byRole).map((found) => toResource('container', found)),
    ...networks.map((found) => toResource('network', found)),
    ...volumes.map((found) => toResource('volume', { ...found, id: found.name })),
    ...folders.map(({ slug, path }) => ({ kind: 'state' as const, id: path, name: path, slug })),
  ];
  return resources.flatMap((resource) => {
    const reason = reasons.get(resource.slug);
    return reason === undefined ? [] : [{ backend: 'docker' as const, reason, ...resource }];
  });
}

/** Removes one of {@link findLeftovers}. Idempotent. */
export async function removeLeftover(engine: Engine, leftover: Leftover): Promise<void> {
  switch (leftover.kind) {
    case 'container':
      return await removeContainer(engine, leftover.id);
    case 'network':
      return await removeNetwork(engine, leftover.id);
    case 'volume':
      return await removeVolume(engine, leftover.id);
    case 'state':
      return await removeInstanceFolder(engine, leftover.id, leftover.slug);
  }
}

/** Why an instance is left over, or null where it is meant to be there or cannot be judged from here. */
async function findReason(
  labels: ResourceLabels,
  containers: readonly FoundContainer[],
): Promise<string | null> {
  const owner = parseIdentityText(labels.owner);
  if (owner !== null && !(await isProcessOver(owner))) return null;
  const own = containers.filter((container) => container.labels.slug === labels.slug);
  const guest = own.find((container) => container.labels.role === 'guest');
  const isWhole =
    guest !== undefined &&
    guest.status !== 'created' &&
    own.some(({ labels: { role } }) => role === 'bundle');
  if (!isWhole) return 'its launcher ended before it was whole, or its teardown failed';
  if (labels.detached) return null;
  // A folder that this user may not look into is another user's, and so is the instance.
  return (await isMarkedDetached(labels.state)) === false
    ? 'its launcher ended without taking it down'
    : null;
}

function toResource(
  kind: Resource['kind'],
  found: { readonly id: string; readonly name: string; readonly labels: ResourceLabels },
): Resource {
  return { kind, id: found.id, name: found.name, slug: found.labels.slug };
}

function byRole(a: FoundContainer, b: FoundContainer): number {
  return roleOrder.indexOf(a.labels.role) - roleOrder.indexOf(b.labels.role);
}
