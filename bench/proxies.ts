import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { createBottleHome } from '../test/support/bottle-cli.ts';
import type { Place } from '../test/support/probe.ts';
import { findContainer, upBottle } from '../test/support/sealed-bottle.ts';
import { createTestAuthority } from '../test/support/test-certificates.ts';
import { createTestNetwork } from '../test/support/test-network.ts';
import type { ClientInput } from './client.ts';
import { interleave, median } from './measure.ts';
import { readMemory, readPeakMemory } from './memory.ts';
import type { Result } from './result.ts';

const name = 'bench-proxies';
const host = 'site.test';
const siteHost = 2;

const transferBytes = 100_000_000;
const turns = 6;
const requestsEachTurn = 500;

/** Where a client runs, and how it gets to the site from there. */
interface Way {
  readonly place: Place;
  readonly proxy: ClientInput['proxy'];
  readonly ca: string | null;
}

/** The same client, once in the guest and through both proxies, once in a container beside the site. */
export async function measureProxies(): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await createTestNetwork());
  const home = stack.use(await createBottleHome());
  const authority = createTestAuthority();
  const { key, cert } = authority.issue([host]);
  const extraCa = join(home.folder, 'ca.pem');
  await writeFile(extraCa, authority.caPem);
  await network.start({
    script: '../../bench/site.ts',
    env: { TLS_KEY: key, TLS_CERT: cert },
    aliases: [host],
    host: siteHost,
  });
  const beside = await network.start({});
  await home.writeManifest(name, {
    agent: { command: ['sleep', 'infinity'] },
    workspace: { source: home.workspace, mode: 'bind' },
    egress: {
      network: network.name,
      allowPrivate: [`${network.address(siteHost)}/32`],
      extraCa: [extraCa],
      routes: [{ host }],
    },
  });
  await upBottle(home, name, stack);
  const bundle = await findContainer(name, 'bundle');
  const bottle: Way = {
    place: async (argv, stdin) => {
      const result = await home.run(['exec', name, '--', ...argv], { stdin });
      return { ...result, status: result.status ?? -1 };
    },
    proxy: { host: await findProxy(bundle), port: 8888 },
    ca: null,
  };
  const direct: Way = { place: beside.exec, proxy: null, ca: authority.caPem };

  const idle = await readMemory(bundle);
  return [
    await measureLatency('h1', bottle, direct),
    await measureLatency('h2', bottle, direct),
    ...(await measureTransfers(bundle, bottle, direct)),
    toMemoryResult('bundle memory, fresh', idle),
    toMemoryResult('bundle memory, after all of the above', await readMemory(bundle)),
  ];
}

/** A request at a time on one connection; a turn is a connection of its own. */
async function measureLatency(protocol: ClientInput['protocol'], bottle: Way, direct: Way): Promise<Result> {
  const pools: [number[], number[]] = [[], []];
  const [fromBottle, fromDirect] = pools;
  const sample = (way: Way, pool: number[]) => async () => {
    const { samples = [] } = await runClient(way, protocol, {
      kind: 'latency',
      warmUp: 200,
      count: requestsEachTurn,
    });
    pool.push(...samples);
    return median(samples);
  };
  await interleave(turns, 0, [sample(bottle, fromBottle), sample(direct, fromDirect)]);
  return {
    name: `kept-alive GET over TLS, ${protocol}, p50`,
    unit: 'ms',
    bottle: median(fromBottle),
    raw: median(fromDirect),
    rawName: 'straight to the site, which is beside the client',
    samples: fromBottle.length,
    target: { kind: 'added', atMost: 1 },
  };
}

async function measureTransfers(
  bundle: Docker.Container,
  bottle: Way,
  direct: Way,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let peak = 0;
  for (const kind of ['download', 'upload'] as const) {
    const sample = (way: Way) => async () => {
      const { ms = 0 } = await runClient(way, 'h1', { kind, bytes: transferBytes });
      return transferBytes / 1000 / ms;
    };
    const throughBottle = async () => {
      let rate = 0;
      const during = await readPeakMemory(bundle, async () => {
        rate = await sample(bottle)();
      });
      peak = Math.max(peak, during);
      return rate;
    };
    const [rates = [], rawRates = []] = await interleave(5, 1, [throughBottle, sample(direct)]);
    results.push({
      name: `${kind} of 100 MB`,
      unit: 'MB/s',
      bottle: median(rates),
      raw: median(rawRates),
      rawName: 'straight to the site',
      samples: rates.length,
      target: null,
    });
  }
  return [...results, toMemoryResult('bundle memory, peak during the transfers', peak)];
}

async function runClient(
  way: Way,
  protocol: ClientInput['protocol'],
  work: ClientInput['work'],
): Promise<{ readonly samples?: readonly number[]; readonly ms?: number }> {
  const program = await readFile(new URL('client.ts', import.meta.url), 'utf8');
  const input: ClientInput = { proxy: way.proxy, host, ca: way.ca, protocol, work };
  const text = `const input = ${JSON.stringify(input)};\n${program.replace('declare const input: ClientInput;', '')}`;
  const { status, stdout, stderr } = await way.place(['node', '--input-type=module-typescript', '-'], text);
  if (status !== 0) throw new Error(`the client ended with ${String(status)}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as { samples?: number[]; ms?: number };
}

async function findProxy(bundle: Docker.Container): Promise<string> {
  const guest = await findContainer(name, 'guest');
  const [own, others] = await Promise.all([bundle.inspect(), guest.inspect()]);
  const shared = Object.keys(others.NetworkSettings.Networks)[0] ?? '';
  const address = own.NetworkSettings.Networks[shared]?.IPAddress;
  if (address === undefined) throw new Error('guest and bundle share no network');
  return address;
}

function toMemoryResult(what: string, megabytes: number): Result {
  return {
    name: what,
    unit: 'MB',
    bottle: megabytes,
    raw: null,
    rawName: '',
    samples: 1,
    target: { kind: 'absolute', atMost: 120 },
  };
}
