import { randomBytes, randomInt } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';

/** What a program in a container printed, and how it ended. */
export interface ContainerOutput {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container that a test made; not one of bottle's. */
export interface TestContainer {
  readonly id: string;
  readonly address: string;
  /** Runs a program in it, with `stdin` as its whole input. */
  exec(argv: readonly string[], stdin?: string): Promise<ContainerOutput>;
  /** The JSON lines it has printed so far. */
  events<Event>(): Promise<readonly Event[]>;
  kill(): Promise<void>;
}

export interface TestContainerRequest {
  /** A file of `test/support`, run by bare Node; without it, the container only waits. */
  readonly script?: string;
  readonly aliases?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Which host of the network's range: 2 to 13. */
  readonly host?: number;
  readonly image?: string;
}

/** An ordinary network of the engine, with a way out, that stands in for the internet. */
export interface TestNetwork extends AsyncDisposable {
  readonly name: string;
  readonly cidr: string;
  readonly gateway: string;
  /** The address of a host of its range. */
  address(host: number): string;
  /** Starts a container and waits until its script says that it is ready. */
  start(request: TestContainerRequest): Promise<TestContainer>;
}

/** The image of the stand-ins, and of the plain containers that positive controls run in. */
export const plainImage = 'node:24-bookworm-slim';

const label = 'dev.bottle-test.run';
const engine = new Docker();

/** Makes a network of its own, with 13 addresses, in a range that no bottle draws from. */
export async function createTestNetwork(): Promise<TestNetwork> {
  const name = `bottle-test-${randomBytes(4).toString('hex')}`;
  const stack = new AsyncDisposableStack();
  try {
    const prefix = await createNetwork(name, stack);
    const base = Number(prefix.slice(prefix.lastIndexOf('.') + 1));
    const address = (host: number): string =>
      `${prefix.slice(0, prefix.lastIndexOf('.'))}.${String(base + host)}`;
    return {
      name,
      cidr: `${prefix}/28`,
      gateway: address(1),
      address,
      start: (request) => startContainer(name, request, address, stack),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Draws a /28 until the engine has one free; returns its first address. */
async function createNetwork(name: string, stack: AsyncDisposableStack): Promise<string> {
  stack.defer(() => removeIfThere(engine.getNetwork(name).remove()));
  for (let attempt = 0; ; attempt += 1) {
    const prefix = `10.203.${String(randomInt(256))}.${String(randomInt(16) * 16)}`;
    try {
      await engine.createNetwork({
        Name: name,
        Labels: { [label]: String(process.pid) },
        IPAM: { Config: [{ Subnet: `${prefix}/28` }] },
      });
      return prefix;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

async function startContainer(
  network: string,
  request: TestContainerRequest,
  address: (host: number) => string,
  stack: AsyncDisposableStack,
): Promise<TestContainer> {
  const name = `${network}-${randomBytes(3).toString('hex')}`;
  stack.defer(() => removeIfThere(engine.getContainer(name).remove({ force: true, v: true })));
  const script = request.script === undefined ? null : toScriptPath(request.script);
  const container = await engine.createContainer({
    name,
    Image: request.image ?? plainImage,
    Labels: { [label]: String(process.pid) },
    Entrypoint: ['node'],
    Cmd: script === null ? ['-e', 'setInterval(() => {}, 1e6)'] : ['/stand-in.ts'],
    Env: Object.entries(request.env ?? {}).map(([key, value]) => `${key}=${value}`),
    HostConfig: {
      NetworkMode: network,
      Init: true,
      Binds: script === null ? [] : [`${script}:/stand-in.ts:ro`],
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [network]: {
          Aliases: [...(request.aliases ?? [])],
          ...(request.host === undefined ? {} : { IPAMConfig: { IPv4Address: address(request.host) } }),
        },
      },
    },
  });
  await container.start();
  if (script !== null) await untilReady(container);
  const { NetworkSettings } = await container.inspect();
  return {
    id: container.id,
    address: NetworkSettings.Networks[network]?.IPAddress ?? '',
    exec: (argv, stdin) => execIn(container, argv, stdin ?? ''),
    events: async <Event>() => parseEvents<Event>(await readLog(container)),
    kill: async () => void (await container.kill()),
  };
}

function toScriptPath(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}

/** Waits for the stand-in's first line; a stand-in that ends instead is an error with what it said. */
async function untilReady(container: Docker.Container): Promise<void> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  let seen = '';
  for await (const chunk of stream as Readable) {
    seen += String(chunk);
    if (seen.includes('"event":"ready"')) {
      (stream as Readable).destroy();
      return;
    }
  }
  throw new Error(`a stand-in ended before it was ready: ${seen}`);
}

async function readLog(container: Docker.Container): Promise<string> {
  const log = (await container.logs({ stdout: true, follow: false })) as unknown as Buffer;
  const parts: Buffer[] = [];
  // The engine frames each piece: one byte of stream, three of nothing, four of length.
  for (let offset = 0; offset + 8 <= log.length; ) {
    const length = log.readUInt32BE(offset + 4);
    parts.push(log.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseEvents<Event>(log: string): readonly Event[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);
}

/** Runs a program in a container by way of the engine, with `stdin` as its whole input. */
export async function execIn(
  container: Docker.Container,
  argv: readonly string[],
  stdin: string,
): Promise<ContainerOutput> {
  const exec = await container.exec({
    Cmd: [...argv],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([stdout.toArray(), stderr.toArray()]);
  container.modem.demuxStream(stream, stdout, stderr);
  stream.end(stdin);
  await new Promise((resolve) => stream.once('end', resolve));
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  const { ExitCode } = await exec.inspect();
  return {
    status: ExitCode ?? -1,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  };
}

async function removeIfThere(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}
