import type { Duplex } from 'node:stream';
import { pollEngine, untypableKeys } from './containers.ts';
import type { Engine } from './engine.ts';

/** One more process in a running container. */
export interface ExecSpec {
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  /** `<uid>:<gid>`, or null for the container's own. */
  readonly user: string | null;
}

/** Prepares the process, and returns its id. Throws with status 409 where the container does not run or is paused. */
export async function createExec(engine: Engine, container: string, spec: ExecSpec): Promise<string> {
  const exec = await engine.call(`exec create in ${container}`, (docker) =>
    docker.getContainer(container).exec({
      Cmd: [...spec.argv],
      Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      Tty: spec.tty,
      AttachStdin: spec.stdin,
      AttachStdout: true,
      AttachStderr: true,
      DetachKeys: untypableKeys,
      ...(spec.workdir === null ? {} : { WorkingDir: spec.workdir }),
      ...(spec.user === null ? {} : { User: spec.user }),
    }),
  );
  return exec.id;
}

/** Starts a prepared process, connected to it. */
export async function startExec(engine: Engine, id: string, spec: Pick<ExecSpec, 'tty'>): Promise<Duplex> {
  return await engine.call('exec start', (docker) =>
    docker.getExec(id).start({ hijack: true, stdin: true, Tty: spec.tty }),
  );
}

/** A process's state: its end can be behind the end of its output for some milliseconds. */
export async function inspectExec(
  engine: Engine,
  id: string,
): Promise<{ readonly running: boolean; readonly status: number | null }> {
  const info = await engine.call('exec inspect', (docker) => docker.getExec(id).inspect());
  return { running: info.Running, status: info.ExitCode };
}

/** The exit status of a process whose output has ended; a process that closed its output may run on, and is awaited. */
export async function waitExec(engine: Engine, id: string): Promise<number> {
  const { status } = await pollEngine(
    () => inspectExec(engine, id),
    (state) => !state.running && state.status !== null,
    Number.POSITIVE_INFINITY,
  );
  return status ?? 0;
}

/** Tells a process's terminal its size. */
export async function resizeExec(
  engine: Engine,
  id: string,
  size: { readonly columns: number; readonly rows: number },
): Promise<void> {
  await engine.call('exec resize', (docker) => docker.getExec(id).resize({ w: size.columns, h: size.rows }));
}

/** Runs a short command in a container to its end, without streams, and returns its exit status. */
export async function runExec(
  engine: Engine,
  container: string,
  spec: Omit<ExecSpec, 'tty' | 'stdin'>,
): Promise<number> {
  const whole = { ...spec, tty: false, stdin: false };
  const id = await createExec(engine, container, whole);
  const stream = await startExec(engine, id, whole);
  stream.on('error', () => undefined);
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  return await waitExec(engine, id);
}
