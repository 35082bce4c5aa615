import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import Docker from 'dockerode';
import { stringify } from 'yaml';
import type { GuestSession, LaunchContext, SessionEnd } from '../../src/backends/backend.ts';
import { probeBackends } from '../../src/backends/registry.ts';
import { probeHost } from '../../src/host/probe-host.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import type { Invocation } from '../../src/plans/host-facts.ts';
import { loadManifest } from '../../src/plans/manifest/load-manifest.ts';
import { prepareBottle } from '../../src/plans/prepare/prepare-bottle.ts';
import { builtImages } from './built-images.ts';

const engine = new Docker();

/** Why tests that take an engine and bottle's images cannot run here, or null where they can. */
export async function whyNoEngine(): Promise<string | null> {
  try {
    const images = [builtImages.bundle, builtImages.agents.shell];
    await Promise.all(images.map((image) => engine.getImage(image).inspect()));
    return null;
  } catch (error) {
    return `no engine with bottle's images: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
}

/** One test's own state folder and workspace, and plans for bottles in them. */
export interface TestPlace extends AsyncDisposable {
  readonly stateHome: string;
  readonly workspace: string;
  /** A name that no other test uses. */
  readonly name: string;
  /** Plans a bottle whose guest runs `argv`; `manifest` adds to or replaces parts of its manifest. */
  plan(argv: readonly string[], manifest?: object, invocation?: Partial<Invocation>): Promise<BottlePlan>;
}

/** The value that the test's plans' one secret has. */
export const testSecret = `secret-${randomBytes(12).toString('hex')}`;

/** Makes the folders, which disposing removes together with whatever of the test's bottles is still in the engine. */
export async function createTestPlace(label: string): Promise<TestPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  const workspace = join(folder, 'workspace');
  await mkdir(workspace);
  // A bottle's user is not root; a workspace that root owns would be of no use to it.
  if (process.getuid?.() === 0) await chown(workspace, 1000, 1000);
  const name = `${label}-${randomBytes(3).toString('hex')}`.replace(/-(\d)/g, '-x$1');
  return {
    stateHome: join(folder, 'bottle'),
    workspace,
    name,
    async plan(argv, manifest = {}, invocation = {}) {
      const text = stringify({
        workspace: { source: workspace, mode: 'bind' },
        egress: { routes: [{ host: 'api.test', auth: { kind: 'bearer', secret: { env: 'TEST_SECRET' } } }] },
        resources: { cpus: 1, memory: '256MiB', pids: 64 },
        ...manifest,
      });
      const loaded = await loadManifest(name, {
        readManifestFile: (asked) => (asked === name ? { path: join(folder, `${name}.yaml`), text } : null),
        home: folder,
        workingDirectory: workspace,
      });
      const facts = await probeHost(loaded, {
        env: { HOME: folder, XDG_STATE_HOME: folder },
        invocation: { command: argv, detach: false, tty: false, ...invocation },
        probeBackends,
      });
      return prepareBottle(loaded, facts);
    },
    async [Symbol.asyncDispose]() {
      await removeLabelled(name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Everything that a bottle of this name still has: what the engine shows by its labels, and its files. */
export async function findRemains(place: TestPlace): Promise<readonly string[]> {
  const filters = { label: [`dev.bottle.name=${place.name}`] };
  const [containers, networks, { Volumes }] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters: JSON.stringify(filters) }),
  ]);
  const files = await readdir(place.stateHome, { recursive: true }).catch(() => []);
  return [
    ...containers.map(({ Names }) => `container ${Names[0]}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...files.filter((file) => !['claims', 'instances'].includes(file)).map((file) => `file ${file}`),
  ];
}

/** The engine's own handle of a container of a bottle. */
export async function findContainerOf(name: string, role: 'guest' | 'bundle'): Promise<Docker.Container> {
  const filters = { label: [`dev.bottle.name=${name}`, `dev.bottle.role=${role}`] };
  const [found] = await engine.listContainers({ all: true, filters });
  if (found === undefined) throw new Error(`${name} has no ${role}`);
  return engine.getContainer(found.Id);
}

async function removeLabelled(name: string): Promise<void> {
  const filters = { label: [`dev.bottle.name=${name}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters })) {
    await engine.getContainer(Id).remove({ force: true });
  }
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
  const { Volumes } = await engine.listVolumes({ filters: JSON.stringify(filters) });
  for (const { Name } of Volumes ?? []) await engine.getVolume(Name).remove();
}

/** What a launch takes, with what a test changes of it. */
export function createLaunchContext(
  stack: AsyncDisposableStack,
  changes: Partial<LaunchContext> = {},
): LaunchContext {
  return {
    stack,
    signal: new AbortController().signal,
    resolveSecret: async () => testSecret,
    onStep: () => undefined,
    ...changes,
  };
}

/** Streams for a session whose output is collected. */
export interface CollectedStreams {
  readonly stdin: PassThrough;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** What was printed so far. */
  printed(stream: 'stdout' | 'stderr'): Buffer;
  /** Resolves when standard output holds the text. */
  until(text: string): Promise<void>;
}

/** Makes streams; `stdin` is the test's to write and end. */
export function collectStreams(): CollectedStreams {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const watchers = new Set<() => void>();
  const collect = (into: Buffer[]): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        // A copy: who writes may use the memory again.
        into.push(Buffer.from(chunk));
        for (const watcher of watchers) watcher();
        done();
      },
    });
  const printed = (stream: 'stdout' | 'stderr'): Buffer => Buffer.concat(chunks[stream]);
  return {
    stdin: new PassThrough(),
    stdout: collect(chunks.stdout),
    stderr: collect(chunks.stderr),
    printed,
    until(text) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!printed('stdout').includes(text)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      });
    },
  };
}

/** Feeds a session its whole input and collects what it prints until its end. */
export async function runToEnd(
  connect: (streams: CollectedStreams) => Promise<GuestSession>,
  input: string | Uint8Array = '',
): Promise<{ readonly end: SessionEnd; readonly stdout: Buffer; readonly stderr: string }> {
  const streams = collectStreams();
  streams.stdin.end(input);
  const session = await connect(streams);
  const end = await session.exit;
  return { end, stdout: streams.printed('stdout'), stderr: streams.printed('stderr').toString('utf8') };
}
