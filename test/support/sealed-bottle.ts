import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type BottleHome, createBottleHome } from './bottle-cli.ts';
import type { SiteEvent } from './outside-site.ts';
import type { Place } from './probe.ts';
import { createTestAuthority, type TestAuthority } from './test-certificates.ts';
import { createTestNetwork, type TestContainer, type TestNetwork } from './test-network.ts';

/** Secrets of one test run. Each has characters whose URL-encoded form differs. */
export interface TestSecrets {
  /** The credential of the routes: the guest never has it. */
  readonly token: string;
  /** A known secret that the guest is given, so that it can try to send it out. */
  readonly planted: string;
}

/** A bottle that is up, through the real command, and the stand-in internet it may reach a part of. */
export interface SealedBottle extends AsyncDisposable {
  readonly name: string;
  readonly home: BottleHome;
  readonly secrets: TestSecrets;
  readonly network: TestNetwork;
  /** Serves every name of the stand-in internet but `private.test`. */
  readonly site: TestContainer;
  /** Serves `private.test`, at an address that the manifest does not permit. */
  readonly forbidden: TestContainer;
  /** A container on an ordinary network, for positive controls: what the guest may not, it can. */
  readonly plain: TestContainer;
  /** Where the proxy listens for the guest. */
  readonly proxy: { readonly host: string; readonly port: number };
  readonly guest: Docker.Container;
  readonly bundle: Docker.Container;
  /** Runs a program in the guest as its user, through `bottle exec`. */
  readonly asAgent: Place;
  /** The same as root. */
  readonly asRoot: Place;
  siteEvents(): Promise<readonly SiteEvent[]>;
  /** The bundle's log so far, through `bottle logs`: a JSON object a line. */
  bundleLog(): Promise<string>;
}

/** What the manifest's prompt file says. */
export const prompt = 'Be careful with the good china.';

const siteHost = 2;
const forbiddenHost = 3;
const plainHost = 4;
const names = ['open.test', 'deep.zone.test', 'paths.test', 'clear.test', 'other.test', 'evil-open.test'];
const credentialNames = ['header.test', 'bearer.test', 'basic.test', 'query.test'];

/** The policy every case is tried against. */
function toManifest(network: TestNetwork, home: BottleHome, extraCa: string, extra: object): object {
  const secret = { env: 'SITE_TOKEN' };
  return {
    agent: { command: ['sleep', 'infinity'] },
    prompt: join(home.folder, 'prompt.md'),
    workspace: { source: home.workspace, mode: 'bind' },
    egress: {
      network: network.name,
      allowPrivate: [`${network.address(siteHost)}/32`],
      extraCa: [extraCa],
      routes: [
        { host: 'open.test' },
        { host: '*.zone.test' },
        { host: 'paths.test', methods: ['GET'], paths: ['/allowed/**'] },
        { host: 'clear.test', scheme: 'http' },
        { host: 'private.test' },
        { host: 'header.test', auth: { kind: 'header', name: 'x-site-token', secret } },
        { host: 'bearer.test', auth: { kind: 'bearer', secret } },
        { host: 'basic.test', auth: { kind: 'basic', username: 'bottle', secret } },
        { host: 'query.test', auth: { kind: 'query', name: 'site_token', secret } },
      ],
    },
    pipelock: { mode: 'strict', knownSecrets: [{ env: 'PLANTED' }] },
    ...extra,
  };
}

/** What a test may need to know before it says what replaces keys of the manifest. */
export interface Surroundings {
  readonly network: TestNetwork;
  readonly home: BottleHome;
  /** A PEM file that the manifest names under `extraCa`; a test may add to it. */
  readonly extraCa: string;
  /** Whose certificate that file begins with. */
  readonly authority: TestAuthority;
}

/** Brings up the stand-in internet and a bottle in it, by a name of its own. `extra` replaces keys of the manifest. */
export async function createSealedBottle(
  label: string,
  extra: object | ((surroundings: Surroundings) => Promise<object>) = {},
): Promise<SealedBottle> {
  const name = `${label}-x${randomBytes(3).toString('hex')}`;
  await using stack = new AsyncDisposableStack();
  const secrets = {
    token: `site/token+${randomBytes(12).toString('base64url')}=&`,
    planted: `planted/secret+${randomBytes(12).toString('base64url')}=&`,
  };
  const network = stack.use(await createTestNetwork());
  const home = stack.use(await createBottleHome({ SITE_TOKEN: secrets.token, PLANTED: secrets.planted }));
  const authority = createTestAuthority();
  const extraCa = join(home.folder, 'test-ca.pem');
  await writeFile(extraCa, authority.caPem);
  const { key, cert } = authority.issue([...names, ...credentialNames, 'private.test']);
  const env = { TLS_KEY: key, TLS_CERT: cert, SITE_TOKEN: secrets.token };
  const script = 'outside-site.ts';
  const aliases = [...names, ...credentialNames];
  const [site, forbidden, plain] = await Promise.all([
    network.start({ script, env, aliases, host: siteHost }),
    network.start({ script, env, aliases: ['private.test'], host: forbiddenHost }),
    network.start({ host: plainHost }),
  ]);
  await writeFile(join(home.folder, 'prompt.md'), prompt);
  const replaced = typeof extra === 'function' ? await extra({ network, home, extraCa, authority }) : extra;
  await home.writeManifest(name, toManifest(network, home, extraCa, replaced));
  await upBottle(home, name, stack);
  const [guest, bundle] = await Promise.all([findContainer(name, 'guest'), findContainer(name, 'bundle')]);
  const owned = stack.move();
  return {
    name,
    home,
    secrets,
    network,
    site,
    forbidden,
    plain,
    guest,
    bundle,
    proxy: { host: await findBundleAddress(guest, bundle), port: 8888 },
    asAgent: toPlace(home, name, []),
    asRoot: toPlace(home, name, ['--root']),
    siteEvents: () => site.events<SiteEvent>(),
    bundleLog: async () => (await home.run(['logs', name, '--json'])).stdout,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** `bottle up --detach`, with a command instead of the manifest's where one is given, to be taken down with the stack, also when `up` itself failed half-way. */
export async function upBottle(
  home: BottleHome,
  name: string,
  stack: AsyncDisposableStack,
  command: readonly string[] = [],
): Promise<void> {
  stack.defer(async () => {
    const down = await home.run(['down', name]);
    // A bottle that a test took down itself is not up, and that is an error of usage.
    if (down.status !== 0 && down.status !== 2) throw new Error(`bottle down: ${down.stderr}`);
  });
  const up = await home.run(['up', name, '--detach', ...(command.length === 0 ? [] : ['--', ...command])]);
  if (up.status !== 0) throw new Error(`bottle up ended with ${String(up.status)}: ${up.stderr}${up.stdout}`);
}

/** One of the two containers of a bottle, by the labels that it carries. */
export async function findContainer(name: string, role: 'guest' | 'bundle'): Promise<Docker.Container> {
  const engine = new Docker();
  const label = [`dev.bottle.name=${name}`, `dev.bottle.role=${role}`];
  const [found] = await engine.listContainers({ all: true, filters: { label } });
  if (found === undefined) throw new Error(`bottle ${name} has no ${role}`);
  return engine.getContainer(found.Id);
}

async function findBundleAddress(guest: Docker.Container, bundle: Docker.Container): Promise<string> {
  const [guestFacts, bundleFacts] = await Promise.all([guest.inspect(), bundle.inspect()]);
  const shared = Object.keys(guestFacts.NetworkSettings.Networks);
  const address = shared
    .map((network) => bundleFacts.NetworkSettings.Networks[network]?.IPAddress)
    .find(Boolean);
  if (address === undefined) throw new Error('guest and bundle share no network');
  return address;
}

function toPlace(home: BottleHome, name: string, flags: readonly string[]): Place {
  return async (argv, stdin) => {
    const result = await home.run(['exec', ...flags, name, '--', ...argv], { stdin });
    return { ...result, status: result.status ?? -1 };
  };
}
