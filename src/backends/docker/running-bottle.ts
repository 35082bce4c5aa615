import type { Readable } from 'node:stream';
import { BottleError } from '../../errors.ts';
import { markDetached } from '../../host/state-directory.ts';
import type { RunningBottle } from '../backend.ts';
import { removeInstanceFolder } from '../bundle/remove-folder.ts';
import {
  attachContainer,
  inspectContainer,
  killContainer,
  listContainers,
  readArchive,
  resizeContainer,
  setPaused,
  startContainer,
  waitContainer,
  writeArchive,
} from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { statusOf, toEngineWords } from '../engine/engine-error.ts';
import { listNetworks } from '../engine/networks.ts';
import { joinSession } from '../engine/session.ts';
import { listVolumes } from '../engine/volumes.ts';
import { findBottleState } from './bottle-state.ts';
import { execInGuest } from './guest-exec.ts';
import { bundleNotRunning, notRunning, notUp, paused, toGuestFailure } from './guest-failure.ts';
import { readDaemonLogs, readLogs } from './guest-logs.ts';
import { findInstance, type Instance } from './instance.ts';
import { removeInstance } from './remove-instance.ts';

/** The handle of an instance, launched by this process or found again. It holds names only: the engine knows the rest. */
export function createRunningBottle(engine: Engine, instance: Instance): RunningBottle {
  const { name, slug, tty } = instance;
  const guest = instance.guestContainers[0] ?? '';
  const bundle = instance.bundleContainer ?? '';

  async function ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw toGuestFailure(error, name);
    }
  }

  /** Refuses what would wait for processes that are frozen. */
  async function requireThawed(): Promise<'created' | 'running' | 'ended'> {
    const found = await inspectContainer(engine, guest);
    if (found === null) throw notUp(name);
    if (found.status === 'paused') throw paused(name);
    if (found.status === 'created' || found.status === 'running') return found.status;
    return 'ended';
  }

  async function down(): Promise<void> {
    const [containers, networks, volumes] = await Promise.all([
      listContainers(engine, { slug }),
      listNetworks(engine, { slug }),
      listVolumes(engine, { slug }),
    ]);
    const present = findInstance(containers, networks, volumes);
    if (present === null) await removeInstanceFolder(engine, instance.stateDirectory, slug);
    else await removeInstance(engine, present);
  }

  return {
    name,
    slug,
    tty,
    keep: () => markDetached(instance.stateDirectory),
    async attach(streams, { replay }) {
      if ((await requireThawed()) === 'ended') throw notRunning(name);
      const stream = await ask(() =>
        attachContainer(engine, guest, { stdin: streams.stdin !== null, replay }),
      );
      return joinSession(stream, streams, {
        tty,
        finish: () => waitContainer(engine, guest, { condition: 'not-running' }),
        resize: (size) => ask(() => resizeContainer(engine, guest, size)),
        signal: (signal) => ask(() => killContainer(engine, guest, signal)),
      });
    },
    exec: (request, streams) => ask(() => execInGuest(engine, guest, request, streams)),
    async start() {
      try {
        await startContainer(engine, guest);
      } catch (error) {
        if (statusOf(error) === null) throw error;
        throw new BottleError('guest-failed', `The guest did not start: ${toEngineWords(error)}.`, {
          cause: error,
        });
      }
    },
    async wait(signal) {
      const created = (await inspectContainer(engine, guest))?.status === 'created';
      const condition = created ? 'next-exit' : 'not-running';
      return await ask(() =>
        waitContainer(engine, guest, { condition, ...(signal === undefined ? {} : { signal }) }),
      );
    },
    async state() {
      const containers = await listContainers(engine, { slug });
      if (containers.length === 0) throw notUp(name);
      return findBottleState(containers);
    },
    async pause() {
      if ((await requireThawed()) !== 'running') throw notRunning(name);
      await ask(() => setPaused(engine, guest, true));
    },
    async resume() {
      if ((await inspectContainer(engine, guest))?.status === 'running') return;
      await ask(() => setPaused(engine, guest, false));
    },
    async *logs(source, { follow, signal }) {
      const options = { follow, ...(signal === undefined ? {} : { signal }) };
      try {
        if (source.kind === 'guest') yield* readLogs(engine, guest, { ...options, tty });
        else yield* readDaemonLogs(engine, bundle, { ...options, tty: false, daemon: source.daemon });
      } catch (error) {
        throw toGuestFailure(error, name);
      }
    },
    async reload(revision, signal) {
      const found = await inspectContainer(engine, guest);
      if (found === null) throw notUp(name);
      if (found.status === 'exited' || found.status === 'dead') throw notRunning(name);
      if (instance.bundleContainer === null) throw bundleNotRunning(name);
      const { reloadBundle } = await import('../bundle/reload-bundle.ts');
      try {
        await reloadBundle(engine, bundle, { revision, signal });
      } catch (error) {
        if (statusOf(error) === 409 || statusOf(error) === 404) throw bundleNotRunning(name);
        throw error;
      }
    },
    async readArchive(path) {
      await requireThawed();
      return await askArchive(path, () => readArchive(engine, guest, path));
    },
    async writeArchive(path, archive: Readable) {
      const { setArchiveOwner } = await import('./owned-archive.ts');
      await requireThawed();
      await askArchive(path, () =>
        writeArchive(engine, guest, path, setArchiveOwner(archive, instance.user)),
      );
    },
    down,
    [Symbol.asyncDispose]: down,
  };

  async function askArchive<T>(path: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      const words = toEngineWords(error);
      if (/rootfs is marked read-only/i.test(words)) {
        throw new BottleError('usage-invalid', `${path} of the guest is read-only.`, {
          hint: 'Copy into the workspace or the home.',
        });
      }
      const failure = toGuestFailure(error, name);
      const isPath = failure === error && (statusOf(error) === 404 || statusOf(error) === 400);
      if (!isPath) throw failure;
      throw new BottleError('usage-invalid', `The guest has no ${path} that can be copied: ${words}.`, {
        hint: 'Paths below /tmp and /run are in memory and cannot be copied; use the workspace or the home.',
        cause: error,
      });
    }
  }
}
