// The raw thing that "bottle up NAME -- true" is measured against: the same networks, volumes and containers as a
// bottle has, made, run and removed by nothing but the engine's own calls. A program by itself, with no package.
// usage: raw-up.ts SPEC-FILE sequential|parallel
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

/** What the engine is asked to create: the bodies of its own calls. */
export interface RawBottle {
  readonly networks: readonly { readonly Name: string }[];
  readonly volumes: readonly { readonly Name: string }[];
  readonly bundle: RawContainer;
  readonly guest: RawContainer;
}

export interface RawContainer {
  readonly name: string;
  readonly create: object;
  /** Networks it joins besides the one it is created on. */
  readonly connect: readonly { readonly network: string; readonly endpoint: object }[];
}

const agent = new Agent({ keepAlive: true });
const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
const socketPath = host.replace(/^unix:\/\//, '');

function call(method: string, path: string, body?: object): Promise<void> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status < 400) resolve();
        else reject(new Error(`${method} ${path}: ${String(status)} ${Buffer.concat(chunks).toString()}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

async function create({ name, create: body, connect }: RawContainer): Promise<void> {
  await call('POST', `/containers/create?name=${name}`, body);
  for (const { network, endpoint } of connect) {
    await call('POST', `/networks/${network}/connect`, { Container: name, EndpointConfig: endpoint });
  }
}

const start = ({ name }: RawContainer) => call('POST', `/containers/${name}/start`);
const end = ({ name }: RawContainer) => call('DELETE', `/containers/${name}?force=true&v=true`);

type InOrder = (steps: readonly (() => Promise<void>)[]) => Promise<void>;
const sequential: InOrder = async (steps) => {
  for (const step of steps) await step();
};
const parallel: InOrder = async (steps) => {
  await Promise.all(steps.map((step) => step()));
};

/** `each` decides what of one stage is asked for at once; the stages themselves depend on each other. */
async function run({ networks, volumes, bundle, guest }: RawBottle, each: InOrder): Promise<void> {
  await each([
    ...networks.map((network) => () => call('POST', '/networks/create', network)),
    ...volumes.map((volume) => () => call('POST', '/volumes/create', volume)),
  ]);
  await each([() => create(bundle).then(() => start(bundle)), () => create(guest)]);
  await start(guest);
  await call('POST', `/containers/${guest.name}/wait`);
  await each([() => end(guest), () => end(bundle)]);
  await each([
    ...networks.map(
      ({ Name }) =>
        () =>
          call('DELETE', `/networks/${Name}`),
    ),
    ...volumes.map(
      ({ Name }) =>
        () =>
          call('DELETE', `/volumes/${Name}`),
    ),
  ]);
}

const [file = '', order] = process.argv.slice(2);
await run(JSON.parse(readFileSync(file, 'utf8')) as RawBottle, order === 'parallel' ? parallel : sequential);
agent.destroy();
