import { createMountedFolder, createQueueFolder, writeStateFile } from '../../host/state-directory.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { LivePolicy } from '../../plans/live-policy.ts';
import { toConfigFiles } from '../../plans/to-config-files.ts';
import type { BundlePlace } from './bundle-container.ts';

/** What an instance's state folder holds that is mounted somewhere. */
export interface InstanceFolders {
  /** The bundle's files, and the operator's decisions. */
  readonly bundle: string;
  /** The guest's files. */
  readonly guest: string;
  readonly queues: BundlePlace['queues'];
}

/** Writes what the plan says into its state folder, which is there: the bundle's and the guest's files, plan and policy, queues. */
export async function writeInstanceFolders(plan: BottlePlan): Promise<InstanceFolders> {
  const { stateDirectory, gitGate, supervise } = plan;
  const bundle = await createMountedFolder(stateDirectory, 'bundle');
  const guest = await createMountedFolder(stateDirectory, 'guest');
  await createMountedFolder(bundle, 'decisions');
  const policy: LivePolicy = { version: 1, revision: 0, grants: [] };
  await Promise.all([
    ...toConfigFiles(plan).map((file) => writeStateFile(bundle, file)),
    ...plan.guest.files.map((file) => writeStateFile(guest, file)),
    writeStateFile(stateDirectory, { path: 'policy.json', content: toJsonText(policy) }),
  ]);
  const asking = [
    ...(gitGate === null ? [] : [{ name: 'git-gate', target: gitGate.queueDirectory }]),
    ...(supervise === null ? [] : [{ name: 'supervise', target: supervise.queueDirectory }]),
  ];
  const queues = await Promise.all(
    asking.map(async ({ name, target }) => ({
      source: await createQueueFolder(stateDirectory, name),
      target,
    })),
  );
  // Last: who finds the plan finds the rest.
  await writeStateFile(stateDirectory, { path: 'plan.json', content: toJsonText(plan) });
  return { bundle, guest, queues };
}

function toJsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
