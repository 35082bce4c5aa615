import type { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { BottleError } from '../../errors.ts';
import { type ContainerSpec, toCreateOptions } from './container-spec.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engine-error.ts';
import { parseLabels, type ResourceLabels, toLabelFilter } from './labels.ts';
import { retryRemoval } from './retry-removal.ts';

/** What a container is doing, in the engine's words. */
export type ContainerStatus =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'removing'
  | 'exited'
  | 'dead';

/** A container of bottle's, as the engine's list tells. */
export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly status: ContainerStatus;
  readonly labels: ResourceLabels;
}

/** Creates a container without starting it. */
export async function createContainer(engine: Engine, spec: ContainerSpec): Promise<void> {
  await engine.call(`container create ${spec.name}`, (docker) =>
    docker.createContainer(toCreateOptions(spec)),
  );
}

/** Starts a created container. */
export async function startContainer(engine: Engine, name: string): Promise<void> {
  await engine.call(`container start ${name}`, (docker) => docker.getContainer(name).start());
}

/** Removes a container, running or not, at once. What is not there counts as removed. */
export async function removeContainer(engine: Engine, name: string): Promise<void> {
  await retryRemoval(() =>
    engine.call(`container remove ${name}`, (docker) =>
      docker.getContainer(name).remove({ force: true, v: true }),
    ),
  );
}

/** What the engine knows of a container, or null where there is none. */
export async function inspectContainer(
  engine: Engine,
  name: string,
): Promise<{ readonly status: ContainerStatus; readonly exitCode: number; readonly error: string } | null> {
  try {
    const { State } = await engine.call(`container inspect ${name}`, (docker) =>
      docker.getContainer(name).inspect(),
    );
    return { status: State.Status as ContainerStatus, exitCode: State.ExitCode, error: State.Error };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** All containers of bottle's, or those of one name or instance. */
export async function listContainers(
  engine: Engine,
  only: { readonly name?: string; readonly slug?: string },
): Promise<readonly FoundContainer[]> {
  const filters = toLabelFilter(only);
  const found = await engine.call('container list', (docker) =>
    docker.listContainers({ all: true, filters }),
  );
  return found.flatMap((container) => {
    const labels = parseLabels(container.Labels);
    const name = container.Names[0]?.replace(/^\//, '') ?? container.Id;
    if (labels === null) return [];
    return [
      { id: container.Id, name, image: container.Image, status: container.State as ContainerStatus, labels },
    ];
  });
}

/** Connects to a container's first process, running or about to be started. */
export async function attachContainer(
  engine: Engine,
  name: string,
  options: { readonly stdin: boolean; readonly replay: boolean },
): Promise<Duplex> {
  const stream = await engine.call(`container attach ${name}`, (docker) =>
    docker.getContainer(name).attach({
      stream: true,
      hijack: true,
      stdin: options.stdin,
      stdout: true,
      stderr: true,
      logs: options.replay,
      detachKeys: untypableKeys,
    }),
  );
  return stream as Duplex;
}

/** Which keys leave a session is the terminal's side to decide; the engine would swallow a Ctrl-P on its way. */
export const untypableKeys = 'ctrl-^,ctrl-_,ctrl-^,ctrl-_,ctrl-^,ctrl-_,ctrl-^,ctrl-_';

/**
 * Waits for the end of a container's first process and returns its exit status.
 * @param condition `next-exit` for a container that is yet to be started
 */
export async function waitContainer(
  engine: Engine,
  name: string,
  options: { readonly condition: 'not-running' | 'next-exit'; readonly signal?: AbortSignal },
): Promise<number> {
  const { condition, signal } = options;
  signal?.throwIfAborted();
  const request = signal === undefined ? { condition } : { condition, abortSignal: signal };
  const result: { StatusCode: number; Error?: { Message?: string } | null } = await engine
    .call(`container wait ${name}`, (docker) => docker.getContainer(name).wait(request))
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  if (result.Error?.Message)
    throw new BottleError('engine-failed', `The engine lost sight of ${name}: ${result.Error.Message}.`);
  return result.StatusCode;
}

/** Sends a signal, by its name without `SIG`, to a container's first process. */
export async function killContainer(engine: Engine, name: string, signal: string): Promise<void> {
  await engine.call(`container kill ${name}`, (docker) =>
    docker.getContainer(name).kill({ signal: `SIG${signal}` }),
  );
}

/** Freezes or thaws every process of a container. What is so already stays so. */
export async function setPaused(engine: Engine, name: string, paused: boolean): Promise<void> {
  await engine.call(`container ${paused ? 'pause' : 'unpause'} ${name}`, async (docker) => {
    const container = docker.getContainer(name);
    await (paused ? container.pause() : container.unpause());
  });
}

/** Tells a container's terminal its size. */
export async function resizeContainer(
  engine: Engine,
  name: string,
  size: { readonly columns: number; readonly rows: number },
): Promise<void> {
  await engine.call(`container resize ${name}`, (docker) =>
    docker.getContainer(name).resize({ w: size.columns, h: size.rows }),
  );
}

/** A container's log as a stream: raw with a terminal, in frames without. */
export async function openLogs(
  engine: Engine,
  name: string,
  options: { readonly follow: boolean; readonly signal?: AbortSignal },
): Promise<Readable> {
  const { follow, signal } = options;
  // Without `follow` the client's own function reads the log as JSON where it happens to look like it.
  return await engine.call(`container logs ${name}`, (docker) =>
    dialStream(docker, {
      path: `/containers/${encodeURIComponent(name)}/logs?`,
      method: 'GET',
      options: { stdout: true, stderr: true, follow },
      isStream: true,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
      ...(signal === undefined ? {} : { abortSignal: signal }),
    }),
  );
}

function dialStream(docker: Docker, request: Parameters<Docker['modem']['dial']>[0]): Promise<Readable> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, stream: unknown) => {
      if (error) reject(error);
      else resolve(stream as Readable);
    });
  });
}

/** Packs a path of a container's file system. */
export async function readArchive(engine: Engine, name: string, path: string): Promise<Readable> {
  return await engine.call(`container copy from ${name}`, async (docker) => {
    return (await docker.getContainer(name).getArchive({ path })) as Readable;
  });
}

/** Unpacks into a folder of a container's file system. */
export async function writeArchive(
  engine: Engine,
  name: string,
  path: string,
  archive: Readable | Buffer,
): Promise<void> {
  await engine.call(`container copy to ${name}`, (docker) =>
    docker.getContainer(name).putArchive(archive, { path, noOverwriteDirNonDir: '1' }),
  );
}

const pollMs = 10;

/** Waits until `isDone`, for what the engine has no call to wait for. */
export async function pollEngine<T>(
  ask: () => Promise<T>,
  isDone: (answer: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isDone(answer) || performance.now() > deadline) return answer;
    await delay(pollMs);
  }
}
