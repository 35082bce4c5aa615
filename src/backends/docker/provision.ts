import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cloneRepository } from '../../host/clone-repository.ts';
import { packFiles, packFolder } from '../../host/folder-archive.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import { createContainer, removeContainer, writeArchive } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { homeMountPoint } from './guest-container.ts';
import { toFillerContainer } from './instance.ts';

/**
 * Gives the home to the guest's user and puts the plan's files in it. A new volume belongs to root or to the image's own user, and
 * the root of a volume keeps its owner when an archive is unpacked in it; so the volume is mounted one folder above, and the
 * home is an entry in it.
 */
export async function provisionHome(engine: Engine, plan: BottlePlan): Promise<void> {
  const { home, homeFiles, user } = plan.guest;
  const mountPoint = homeMountPoint(home);
  const root = home.slice(mountPoint.length + 1);
  if (root === '' && homeFiles.length === 0) return;
  await writeArchive(engine, plan.backend.guestContainer, mountPoint, packFiles(root, homeFiles, user));
}

/**
 * Puts a copy or a clone of the workspace into its volume, by way of a container that never runs: it has the bundle's image, and
 * the volume one folder below where the archive is unpacked, so that the workspace itself gets its owner too.
 */
export async function provisionWorkspace(
  engine: Engine,
  plan: BottlePlan,
  options: {
    readonly labels: Readonly<Record<string, string>>;
    readonly searchPath: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { workspace, user } = plan.guest;
  const volume = plan.backend.workspaceVolume;
  if (volume === null) return;
  const { signal, searchPath } = options;
  const source =
    workspace.mode === 'clone' ? await cloneWorkspace(plan, searchPath, signal) : workspace.source;
  const filler = toFillerContainer(plan);
  await createContainer(engine, {
    name: filler,
    image: plan.bundle.image,
    argv: null,
    user: null,
    workdir: null,
    hostname: 'filler',
    env: {},
    labels: options.labels,
    tty: false,
    stdin: 'closed',
    init: false,
    network: null,
    dns: [],
    mounts: [{ kind: 'volume', name: volume, target: `${fillerFolder}/workspace` }],
    tmpfs: {},
    // The engine writes into no container whose root is read-only, but where a volume is.
    readOnlyRoot: false,
    capabilities: [],
    sysctls: {},
    resources: { cpus: null, memoryBytes: 64 * 1024 * 1024, pids: 16 },
    runtime: null,
  });
  signal.throwIfAborted();
  await writeArchive(engine, filler, fillerFolder, packFolder(source, { root: 'workspace', owner: user }));
  await removeContainer(engine, filler);
}

const fillerFolder = '/volumes';

async function cloneWorkspace(plan: BottlePlan, searchPath: string, signal: AbortSignal): Promise<string> {
  const scratch = join(plan.stateDirectory, 'clone');
  await mkdir(scratch, { mode: 0o700 });
  const source = plan.guest.workspace.source;
  return await cloneRepository({ source, remotes: plan.gitGate?.remotes ?? [], scratch, searchPath, signal });
}
