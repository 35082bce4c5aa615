import { dirname } from 'node:path';
import { BottleError } from '../../errors.ts';
import { acquireClaim, claimPath } from '../../host/claim.ts';
import { readOwnIdentity, toIdentityText } from '../../host/process-identity.ts';
import { createStateDirectory, writeStateFile } from '../../host/state-directory.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import { alreadyUp } from '../already-up.ts';
import type { LaunchContext } from '../backend.ts';
import { launchBundle } from '../bundle/launch-bundle.ts';
import { removeInstanceFolder } from '../bundle/remove-folder.ts';
import { type InstanceFolders, writeInstanceFolders } from '../bundle/write-folders.ts';
import { createContainer, listContainers } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { type InstanceLabels, toLabels } from '../engine/labels.ts';
import { createNetwork } from '../engine/networks.ts';
import { runTogether } from '../engine/run-together.ts';
import { createVolume } from '../engine/volumes.ts';
import { toGuestContainer } from './guest-container.ts';
import { type Instance, toInstance, toInstanceLabels } from './instance.ts';
import { provisionHome, provisionWorkspace } from './provision.ts';
import { removeContainers, removeNetworksAndVolumes } from './remove-instance.ts';
import { checkSeal } from './seal.ts';

/** What launching takes beside plan and context. */
export interface LaunchSurroundings {
  readonly engine: Engine;
  /** Where programs are looked for. */
  readonly searchPath: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/**
 * Makes a bottle, up to the start of its guest's first process.
 *
 * INVARIANT: a disposer is on the stack before the call that makes what it removes. Calls that make something are never
 * cut short: an abort is seen between two of them, so that when the stack unwinds none is still under way.
 */
export async function launchInstance(
  plan: BottlePlan,
  context: LaunchContext,
  surroundings: LaunchSurroundings,
): Promise<Instance> {
  const { stack, signal, onStep } = context;
  const { engine, searchPath } = surroundings;
  const instance = toInstance(plan);
  signal.throwIfAborted();
  // Before anything is made: a missing secret leaves nothing to remove.
  const secrets = await resolveSecrets(plan, context);

  onStep('state');
  const owner = await readOwnIdentity();
  const labels = toInstanceLabels(plan, toIdentityText(owner), surroundings.createdAt);
  const claim = await acquireClaim(
    claimPath(dirname(dirname(plan.stateDirectory)), plan.name),
    plan.name,
    plan.slug,
  );
  stack.defer(() => claim.release());
  const [, folders] = await runTogether(signal, [
    () => requireNotUp(engine, plan.name),
    async () => {
      stack.defer(() => removeInstanceFolder(engine, plan.stateDirectory, plan.slug));
      await createStateDirectory(plan.stateDirectory, plan.slug, owner);
      return await writeInstanceFolders(plan);
    },
  ]);

  signal.throwIfAborted();
  onStep('networks');
  stack.defer(() => removeNetworksAndVolumes(engine, instance));
  await runTogether(signal, [
    ...toNetworkSpecs(plan, labels).map((spec) => () => createNetwork(engine, spec)),
    ...toVolumeSpecs(plan, labels).map((spec) => () => createVolume(engine, spec.name, spec.labels)),
  ]);

  onStep('bundle');
  stack.defer(() => removeContainers(engine, instance));
  const [certificate] = await runTogether(signal, [
    (together) => startBundle(engine, plan, { labels, secrets, folders, signal: together }),
    async (together) => {
      onStep('guest');
      const guestLabels = toLabels({ ...labels, role: 'guest' });
      await createContainer(
        engine,
        toGuestContainer(plan, { filesFolder: folders.guest, labels: guestLabels }),
      );
      together.throwIfAborted();
      onStep('provisioning');
      const fillerLabels = toLabels({ ...labels, role: 'filler' });
      await runTogether(together, [
        () => provisionHome(engine, plan),
        (both) => provisionWorkspace(engine, plan, { labels: fillerLabels, searchPath, signal: both }),
      ]);
    },
  ]);
  await runTogether(signal, [
    () => writeStateFile(folders.guest, { path: 'ca.pem', content: certificate }),
    () => checkSeal(engine, plan.backend),
  ]);
  await claim.release();
  return instance;
}

async function resolveSecrets(
  plan: BottlePlan,
  context: LaunchContext,
): Promise<Readonly<Record<SecretId, string>>> {
  const secrets: Record<SecretId, string> = {};
  const wanted = plan.bundle.daemons.flatMap(({ secrets: { values, fingerprints } }) => [
    ...values,
    ...fingerprints,
  ]);
  for (const id of new Set(wanted)) {
    const reference = plan.secrets[id];
    if (reference === undefined) throw new BottleError('bug', `The plan names no source for ${id}.`);
    // One after the other: commands may ask the operator something.
    secrets[id] = await context.resolveSecret(reference);
    context.signal.throwIfAborted();
  }
  return secrets;
}

async function requireNotUp(engine: Engine, name: string): Promise<void> {
  const [present] = await listContainers(engine, { name });
  if (present === undefined) return;
  throw alreadyUp(name, present.labels.slug);
}

function toNetworkSpecs({ backend }: BottlePlan, labels: InstanceLabels) {
  const { guestNetwork, uplinkNetwork: uplink } = backend;
  const { name, cidr, gateway } = guestNetwork;
  const own = { name, cidr, gateway, internal: true, labels: toLabels({ ...labels, role: 'guest-network' }) };
  if (uplink.kind === 'existing') return [own];
  const uplinkLabels = toLabels({ ...labels, role: 'uplink-network' });
  return [
    own,
    { name: uplink.name, cidr: uplink.cidr, gateway: uplink.gateway, internal: false, labels: uplinkLabels },
  ];
}

function toVolumeSpecs({ backend }: BottlePlan, labels: InstanceLabels) {
  const volumes = [
    { name: backend.homeVolume, role: 'home' as const },
    { name: backend.workspaceVolume, role: 'workspace' as const },
    { name: backend.mirrorVolume, role: 'mirrors' as const },
  ];
  return volumes.flatMap(({ name, role }) =>
    name === null ? [] : [{ name, labels: toLabels({ ...labels, role }) }],
  );
}

interface BundleStart {
  readonly labels: InstanceLabels;
  readonly secrets: Readonly<Record<SecretId, string>>;
  readonly folders: InstanceFolders;
  readonly signal: AbortSignal;
}

async function startBundle(engine: Engine, plan: BottlePlan, start: BundleStart): Promise<string> {
  const { guestNetwork, uplinkNetwork: uplink, bundleContainer, mirrorVolume } = plan.backend;
  const { gitGate } = plan;
  return await launchBundle(engine, plan.bundle, {
    container: bundleContainer,
    network: { name: guestNetwork.name, address: guestNetwork.bundle },
    uplink: { name: uplink.name, address: uplink.kind === 'owned' ? uplink.bundle : null },
    configFolder: start.folders.bundle,
    queues: start.folders.queues,
    mirrors:
      gitGate === null || mirrorVolume === null
        ? null
        : { volume: mirrorVolume, target: gitGate.mirrorDirectory },
    labels: toLabels({ ...start.labels, role: 'bundle' }),
    secrets: start.secrets,
    signal: start.signal,
  });
}
