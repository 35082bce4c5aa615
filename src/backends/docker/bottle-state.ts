import type { BottleState } from '../backend.ts';
import type { ContainerStatus, FoundContainer } from '../engine/containers.ts';

/**
 * The state of an instance from those of its two containers.
 * INVARIANT: a guest without its guards is never called running.
 */
export function toBottleState(guest: ContainerStatus | null, bundle: ContainerStatus | null): BottleState {
  if (guest === null || bundle === null) return 'drifted';
  if (guest === 'created') return bundle === 'running' || bundle === 'created' ? 'created' : 'drifted';
  if (bundle !== 'running') return 'drifted';
  if (guest === 'paused') return 'paused';
  return guest === 'running' || guest === 'restarting' ? 'running' : 'ended';
}

/** The state of an instance from all containers that are labelled as its own. */
export function findBottleState(containers: readonly FoundContainer[]): BottleState {
  const statusOf = (role: string): ContainerStatus | null =>
    containers.find((container) => container.labels.role === role)?.status ?? null;
  return toBottleState(statusOf('guest'), statusOf('bundle'));
}
