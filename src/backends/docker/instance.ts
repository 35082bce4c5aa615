import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { InstanceLabels, Role } from '../engine/labels.ts';

/** The names of one instance's resources in the engine, which are all it takes to use or remove it. */
export interface Instance {
  readonly name: string;
  readonly slug: string;
  /** In the order of their removal; the guest's own is the first. */
  readonly guestContainers: readonly string[];
  readonly bundleContainer: string | null;
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly stateDirectory: string;
  readonly tty: boolean;
  readonly user: { readonly uid: number; readonly gid: number };
}

/** The container that only exists to put a workspace's files into its volume. */
export function toFillerContainer(plan: BottlePlan): string {
  return `${plan.backend.guestContainer}-filler`;
}

/** The instance that a plan makes. */
export function toInstance(plan: BottlePlan): Instance {
  const { backend, guest } = plan;
  const { uplinkNetwork: uplink, workspaceVolume, mirrorVolume } = backend;
  return {
    name: plan.name,
    slug: plan.slug,
    guestContainers: [backend.guestContainer, ...(workspaceVolume === null ? [] : [toFillerContainer(plan)])],
    bundleContainer: backend.bundleContainer,
    networks: [backend.guestNetwork.name, ...(uplink.kind === 'owned' ? [uplink.name] : [])],
    volumes: [backend.homeVolume, workspaceVolume, mirrorVolume].filter((volume) => volume !== null),
    stateDirectory: plan.stateDirectory,
    tty: guest.tty,
    user: guest.user,
  };
}

/** What every resource of the instance is labelled with. */
export function toInstanceLabels(plan: BottlePlan, owner: string, created: string): InstanceLabels {
  return {
    name: plan.name,
    slug: plan.slug,
    plan: plan.hash,
    created,
    detached: plan.detach,
    owner,
    state: plan.stateDirectory,
    tty: plan.guest.tty,
    user: `${plan.guest.user.uid}:${plan.guest.user.gid}`,
  };
}

/** A resource that was found by its labels. */
export interface LabelledResource {
  readonly name: string;
  readonly labels: InstanceLabels & { readonly role: Role };
}

/** Puts an instance together again from what the engine has of it, or null where that is no container. */
export function findInstance(
  containers: readonly LabelledResource[],
  networks: readonly LabelledResource[],
  volumes: readonly LabelledResource[],
): Instance | null {
  const labels = (
    containers.find(({ labels }) => labels.role === 'guest') ??
    containers[0] ??
    networks[0] ??
    volumes[0]
  )?.labels;
  if (labels === undefined) return null;
  const named = (role: Role): readonly string[] =>
    containers.filter((container) => container.labels.role === role).map(({ name }) => name);
  return {
    name: labels.name,
    slug: labels.slug,
    guestContainers: [...named('guest'), ...named('filler')],
    bundleContainer: named('bundle')[0] ?? null,
    networks: networks.map(({ name }) => name),
    volumes: volumes.map(({ name }) => name),
    stateDirectory: labels.state,
    tty: labels.tty,
    user: parseUser(labels.user),
  };
}

function parseUser(text: string): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = text.split(':').map(Number);
  return { uid: Number.isInteger(uid) ? (uid ?? 0) : 0, gid: Number.isInteger(gid) ? (gid ?? 0) : 0 };
}
