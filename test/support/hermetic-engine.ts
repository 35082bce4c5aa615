import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import type { ResolverEvent } from './logging-resolver.ts';
import type { Place } from './probe.ts';
import type { ContainerOutput } from './test-network.ts';

/**
 * A second Docker engine in a network and mount namespace of its own, cut off from the world. Its host's
 * resolver is a loopback address, the case in which an engine's own resolver carries names out of internal
 * networks; behind that address, and behind one "outside" address, listens a server that prints every question.
 */
export interface HermeticEngine extends AsyncDisposable {
  /** Value of DOCKER_HOST. */
  readonly host: string;
  readonly docker: Docker;
  /** An address beyond the engine's networks where the same server answers questions sent straight to it. */
  readonly outsideResolver: string;
  /** Every question that has reached the server so far. */
  queries(): readonly ResolverEvent[];
  /** Copies images from the machine's engine. */
  copyImages(references: readonly string[]): Promise<void>;
  /** Runs each program in a container of its own, on a network of this engine; the input is its last argument. */
  placeOn(network: string, image: string): Place;
  /** The bundle's address on the network that it shares with its guest. */
  findBundleAddress(name: string): Promise<string>;
}

const outsideResolver = '198.51.100.53';

// Runs as root of the new namespaces: the resolver first, then the engine in its place.
const start = `
set -e
ip link set lo up
ip address add ${outsideResolver}/32 dev lo
mount --bind "$1/resolv.conf" /etc/resolv.conf
"$2" "$3" 127.0.0.1 ${outsideResolver} &
exec dockerd --config-file "$1/daemon.json" --host "unix://$1/docker.sock" --data-root "$1/data" \\
  --exec-root "$1/exec" --pidfile "$1/dockerd.pid" --bip 10.204.0.1/24 >"$1/dockerd.log" 2>&1
`;

/** Why this machine cannot have a hermetic engine, or null where it can. */
export function whyNoHermeticEngine(programs: readonly string[] = []): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, for a second Docker engine in namespaces of its own';
  const needed = ['dockerd', 'unshare', 'ip', 'mount', ...programs];
  const missing = needed.find((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return missing === undefined ? null : `needs the program "${missing}"`;
}

/** Starts the engine, with gVisor's runtime where `runsc` is installed, and waits until it answers. */
export async function startHermeticEngine(): Promise<HermeticEngine> {
  // Not below /tmp: the engine's layers want a real file system, and /tmp is often memory.
  const folder = await mkdtemp('/var/tmp/bottle-engine-');
  await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  await writeFile(join(folder, 'daemon.json'), JSON.stringify({ runtimes: toRuntimes() }));
  const resolver = fileURLToPath(new URL('logging-resolver.ts', import.meta.url));
  const engine = spawn(
    'unshare',
    ['--net', '--mount', 'sh', '-c', start, 'hermetic-engine', folder, process.execPath, resolver],
    // A group of its own, so that the resolver can be ended with it.
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const queries: ResolverEvent[] = [];
  const docker = new Docker({ socketPath: join(folder, 'docker.sock') });
  try {
    await untilResolverReady(engine, queries);
    await untilEngineReady(engine, docker, folder);
  } catch (error) {
    await stop(engine, folder);
    throw error;
  }
  return {
    host: `unix://${folder}/docker.sock`,
    docker,
    outsideResolver,
    queries: () => [...queries],
    copyImages: (references) => copyImages(docker, references),
    placeOn: (network, image) => (argv, stdin) =>
      runOnce(docker, network, image, [...argv.slice(0, -1), '-e', stdin]),
    findBundleAddress: (name) => findBundleAddress(docker, name),
    async [Symbol.asyncDispose]() {
      const containers = await docker.listContainers({ all: true });
      await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
      await stop(engine, folder);
    },
  };
}

/** Debian's runsc sets up neither networks nor cgroups of its own here: Docker's network namespace is its network. */
function toRuntimes(): Record<string, unknown> {
  if (whyNoHermeticEngine(['runsc']) !== null) return {};
  return { runsc: { path: 'runsc', runtimeArgs: ['--network=host', '--ignore-cgroups'] } };
}

async function untilResolverReady(engine: ChildProcess, queries: ResolverEvent[]): Promise<void> {
  if (engine.stdout === null) throw new Error('the hermetic engine has no standard output');
  const lines = createInterface({ input: engine.stdout });
  const ready = Promise.withResolvers<void>();
  lines.on('line', (line) => {
    const event = JSON.parse(line) as ResolverEvent;
    if (event.event === 'ready') ready.resolve();
    else queries.push(event);
  });
  lines.on('close', () => ready.reject(new Error('the logging resolver ended before it was ready')));
  await ready.promise;
}

async function untilEngineReady(engine: ChildProcess, docker: Docker, folder: string): Promise<void> {
  for (;;) {
    const answered = await docker.ping().then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (engine.exitCode !== null || engine.signalCode !== null) {
      const log = await readFile(join(folder, 'dockerd.log'), 'utf8').catch(() => '');
      throw new Error(`the hermetic engine ended at its start: ${log.slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function copyImages(target: Docker, references: readonly string[]): Promise<void> {
  const source = new Docker();
  for (const reference of references) {
    const archive = await source.getImage(reference).get();
    const loaded = await target.loadImage(archive);
    // The engine has loaded it when it ends its answer.
    for await (const chunk of loaded) if (String(chunk).includes('"error"')) throw new Error(String(chunk));
  }
}

async function runOnce(
  docker: Docker,
  network: string,
  image: string,
  argv: readonly string[],
): Promise<ContainerOutput> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [],
    Cmd: [...argv],
    // With a terminal the log comes as it was printed, without frames.
    Tty: true,
    HostConfig: { NetworkMode: network },
  });
  // Attached before it starts: no byte of it is missed.
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  let stdout = '';
  output.on('data', (chunk: Buffer) => {
    stdout += String(chunk);
  });
  const ended = once(output, 'end');
  await container.start();
  await ended;
  const { StatusCode } = (await container.wait()) as { StatusCode: number };
  await container.remove();
  return { status: StatusCode, stdout, stderr: '' };
}

async function findBundleAddress(docker: Docker, name: string): Promise<string> {
  const [guest, bundle] = await Promise.all(
    ['guest', 'bundle'].map(async (role) => {
      const label = [`dev.bottle.name=${name}`, `dev.bottle.role=${role}`];
      const [found] = await docker.listContainers({ all: true, filters: { label } });
      return found?.NetworkSettings.Networks ?? {};
    }),
  );
  const shared = Object.keys(guest ?? {}).find((network) => bundle?.[network] !== undefined);
  const address = shared === undefined ? undefined : bundle?.[shared]?.IPAddress;
  if (address === undefined) throw new Error(`guest and bundle of ${name} share no network`);
  return address;
}

async function stop(engine: ChildProcess, folder: string): Promise<void> {
  const ended = engine.exitCode !== null || engine.signalCode !== null ? null : once(engine, 'exit');
  engine.kill('SIGTERM');
  await ended;
  // The resolver is left in the group; it has nothing to lose.
  try {
    if (engine.pid !== undefined) process.kill(-engine.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await rm(folder, { recursive: true, force: true });
}
