import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import { type Place, runPacketProbe, runProbe } from '../support/probe.ts';
import { createSealedBottle, findContainer, type SealedBottle, upBottle } from '../support/sealed-bottle.ts';
import { execIn } from '../support/test-network.ts';

interface Target {
  readonly kind: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

interface Reached {
  readonly reached: boolean;
  readonly code: string;
  readonly ms: number;
}

interface Names {
  readonly lookups: readonly { readonly code: string; readonly address: string; readonly ms: number }[];
  readonly queries: readonly {
    readonly outcome: string;
    readonly rcode?: number;
    readonly answers?: number;
  }[];
}

const reach = (place: Place, targets: readonly Target[]) =>
  runProbe<readonly Reached[]>(place, 'reach', { targets });

/** The second bottle. */
const neighbourName = `neighbour-x${randomBytes(3).toString('hex')}`;
const askNames = (place: Place, input: object) => runProbe<Names>(place, 'dns', input);

const reason = await whyNoEngine();

describe('what a guest can reach', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;
  let neighbour: { readonly guest: string; readonly bundle: string; readonly uplink: string };
  let hostPorts: { readonly tcp: number; readonly udp: number };
  let datagrams = 0;

  /** Each probe is made as the guest's user and as its root, at once: the seal must not depend on who asks. */
  async function fromBoth<Result>(
    ask: (place: Place) => Promise<Result>,
  ): Promise<readonly (readonly [string, Result])[]> {
    const [agent, root] = await Promise.all([ask(bottle.asAgent), ask(bottle.asRoot)]);
    return [
      ['agent', agent],
      ['root', root],
    ];
  }

  /** In the other bottle, whose guest runs as root from the start. */
  const asNeighbour: Place = async (argv, stdin) => {
    const result = await bottle.home.run(['exec', neighbourName, '--', ...argv], { stdin });
    return { ...result, status: result.status ?? -1 };
  };

  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(await createSealedBottle('topology'));
    hostPorts = await listenOnHost();
    neighbour = await upNeighbour();
  });
  afterAll(() => stack.disposeAsync());

  /** A service on every address of the host, as a developer's database is. */
  async function listenOnHost(): Promise<{ readonly tcp: number; readonly udp: number }> {
    const tcp = createServer((socket) => socket.on('error', () => socket.destroy()).end('host'));
    const udp = createSocket('udp4');
    stack.defer(() => {
      tcp.close();
      udp.close();
    });
    udp.on('message', (_message, from) => {
      datagrams += 1;
      udp.send('host', from.port, from.address);
    });
    tcp.listen(0, '0.0.0.0');
    udp.bind(0, '0.0.0.0');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    const address = tcp.address();
    return { tcp: typeof address === 'object' ? (address?.port ?? 0) : 0, udp: udp.address().port };
  }

  /** A second bottle, whose guest serves on port 7000, as root. */
  async function upNeighbour(): Promise<typeof neighbour> {
    const serve = "require('node:net').createServer((socket) => socket.end('neighbour')).listen(7000)";
    await bottle.home.writeManifest(neighbourName, {
      agent: { command: ['node', '-e', serve] },
      user: 'root',
      workspace: { source: bottle.home.workspace, mode: 'bind' },
      egress: { network: bottle.network.name, routes: [{ host: 'open.test' }] },
    });
    await upBottle(bottle.home, neighbourName, stack);
    const [guest, bundle] = await Promise.all([
      (await findContainer(neighbourName, 'guest')).inspect(),
      (await findContainer(neighbourName, 'bundle')).inspect(),
    ]);
    const [[sealed = '', ofGuest] = []] = Object.entries(guest.NetworkSettings.Networks);
    return {
      guest: ofGuest?.IPAddress ?? '',
      bundle: bundle.NetworkSettings.Networks[sealed]?.IPAddress ?? '',
      uplink: bundle.NetworkSettings.Networks[bottle.network.name]?.IPAddress ?? '',
    };
  }

  /** Every address at which the host could answer the guest. */
  async function hostAddresses(): Promise<readonly string[]> {
    const sealed = Object.keys((await bottle.guest.inspect()).NetworkSettings.Networks)[0] ?? '';
    const network = (await new Docker().getNetwork(sealed).inspect()) as {
      IPAM: { Config: { Gateway: string }[] };
    };
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    return [
      ...new Set([
        network.IPAM.Config[0]?.Gateway ?? '',
        bottle.network.gateway,
        ...own.filter((entry) => entry.family === 'IPv4' && !entry.internal).map((entry) => entry.address),
      ]),
    ];
  }

  it('reaches the proxy of its bundle, which answers HTTP', async () => {
    const answers = await fromBoth((place) =>
      runProbe<readonly { responses: { status: number }[] }[]>(place, 'wire', {
        proxy: bottle.proxy,
        exchanges: [{ write: ['GET http://clear.test/hello HTTP/1.1\r\nHost: clear.test\r\n\r\n'] }],
      }),
    );
    for (const [who, [answer]] of answers) {
      expect([who, answer?.responses[0]?.status]).toEqual([who, 200]);
    }
  });

  it('reaches no service of the host, whichever address it is asked at', async () => {
    const addresses = await hostAddresses();
    const targets = addresses.flatMap((host) => [
      { kind: 'tcp', host, port: hostPorts.tcp } as const,
      { kind: 'udp', host, port: hostPorts.udp } as const,
    ]);
    const control = await reach(
      bottle.plain.exec,
      targets.filter(({ host }) => host === bottle.network.gateway),
    );
    expect(control.map(({ reached }) => reached)).toEqual([true, true]);

    datagrams = 0;
    const both = await fromBoth((place) => reach(place, targets));
    for (const [who, results] of both) {
      const open = targets.filter((_target, index) => results[index]?.reached);
      expect([who, open]).toEqual([who, []]);
    }
    expect(datagrams).toBe(0);
  });

  it('reaches no other port of its bundle, while egress runs there', async () => {
    const ports = [9099, 9100, 9418, 22, 80, 443];
    const both = await fromBoth((place) =>
      reach(place, [
        { kind: 'tcp', ...bottle.proxy },
        ...ports.map((port) => ({ kind: 'tcp', host: bottle.proxy.host, port }) as const),
      ]),
    );
    for (const [who, results] of both) {
      expect([who, results.map(({ reached }) => reached)]).toEqual([who, [true, ...ports.map(() => false)]]);
    }
    const egress = await bottle.bundle.inspect();
    expect(egress.State.Running).toBe(true);
  });

  it('reaches nothing outside directly: TCP, UDP 443, resolvers, odd ports', async () => {
    const site = bottle.site.address;
    const targets = [
      { kind: 'tcp', host: site, port: 443 },
      { kind: 'tcp', host: site, port: 80 },
      { kind: 'udp', host: site, port: 443 },
      { kind: 'tcp', host: site, port: 53 },
    ] as const;
    const control = await reach(bottle.plain.exec, targets);
    expect(control.map(({ reached }) => reached)).toEqual([true, true, true, true]);
    const both = await fromBoth((place) => reach(place, targets));
    for (const [who, results] of both) {
      expect([who, results.map(({ reached }) => reached)]).toEqual([who, [false, false, false, false]]);
    }
  });

  it('reaches neither the metadata address nor anything over IPv6', async () => {
    // Without a control: on most machines nothing answers there.
    const targets = [
      { kind: 'tcp', host: '169.254.169.254', port: 80 },
      { kind: 'tcp', host: '2001:db8::1', port: 443 },
      { kind: 'udp', host: 'ff02::1', port: 443 },
      { kind: 'tcp', host: 'fe80::1', port: 80 },
    ] as const;
    const both = await fromBoth((place) => reach(place, targets));
    for (const [who, results] of both) {
      expect([who, results.map(({ reached }) => reached)]).toEqual([who, [false, false, false, false]]);
    }
  });

  it('has no IPv6 address but that of its own loopback', async () => {
    const own = await bottle.asAgent(['cat', '/proc/net/if_inet6'], '');
    expect(own.stdout.split('\n').filter((line) => line !== '' && !/ lo$/.test(line))).toEqual([]);
  });

  it('gets no echo from outside, and no socket for raw frames, not even as root', async () => {
    const site = bottle.site.address;
    expect(await runPacketProbe(bottle.plain.exec, site)).toEqual({ echo: 'answered', frames: 'open' });
    const both = await fromBoth((place) => runPacketProbe(place, site));
    const asRootFromTheStart = await runPacketProbe(asNeighbour, site);
    for (const [who, result] of [...both, ['root from the start', asRootFromTheStart] as const]) {
      expect([who, result.frames]).toEqual([who, 'Operation not permitted']);
      expect(result.echo).not.toBe('answered');
    }
  });

  it('reaches neither the guest nor the bundle of another bottle', async () => {
    const service = { kind: 'tcp', host: neighbour.guest, port: 7000 } as const;
    const theirs = [service, { kind: 'tcp', host: neighbour.bundle, port: 8888 } as const];
    const control = await reach(asNeighbour, theirs);
    expect(control.map(({ reached }) => reached)).toEqual([true, true]);
    const both = await fromBoth((place) => reach(place, theirs));
    for (const [who, results] of both) {
      expect([who, results.map(({ reached }) => reached)]).toEqual([who, [false, false]]);
    }
  });

  it('has a bundle that serves nothing on its way out', async () => {
    const bundle = neighbour.uplink;
    const ports = [8888, 9099, 53];
    const control = await reach(bottle.plain.exec, [{ kind: 'tcp', host: bottle.site.address, port: 443 }]);
    expect(control.map(({ reached }) => reached)).toEqual([true]);
    const results = await reach(
      bottle.plain.exec,
      ports.map((port) => ({ kind: 'tcp', host: bundle, port })),
    );
    // Refused, not silent: the bundle was there to be asked.
    expect(results.map(({ code }) => code)).toEqual(ports.map(() => 'ECONNREFUSED'));
  });

  it('has a bundle that is no router', async () => {
    const read =
      "process.stdout.write(require('node:fs').readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'))";
    const control = await bottle.plain.exec(['node', '-e', read]);
    expect(control.stdout).toBe('1\n');
    const output = await execIn(bottle.bundle, ['node', '-e', read], '');
    expect(output.stdout).toBe('0\n');
  });

  it('cannot carry a secret out in a name: programs get an error at once, and the attempt is logged', async () => {
    const name = 'c2VjcmV0LWxhYmVs.other.test';
    const control = await askNames(bottle.plain.exec, { lookups: ['other.test'] });
    expect(control.lookups[0]?.address).toBe(bottle.site.address);
    const lookups = [name, 'other.test', 'open.test'];
    for (const [who, { lookups: found }] of await fromBoth((place) => askNames(place, { lookups }))) {
      expect([who, found.map(({ address }) => address)]).toEqual([who, ['', '', '']]);
      expect(Math.max(...found.map(({ ms }) => ms))).toBeLessThan(1000);
    }
    expect(await bottle.bundleLog()).toContain(name.toLowerCase());
  });

  it('cannot ask an outside resolver directly, over UDP or TCP', async () => {
    const toQueries = (name: string) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        server: bottle.site.address,
        protocol,
        name,
        type: 'TXT',
      }));
    const control = await askNames(bottle.plain.exec, { queries: toQueries('control.test') });
    expect(control.queries.map(({ outcome }) => outcome)).toEqual(['answered', 'answered']);
    const both = await fromBoth((place) => askNames(place, { queries: toQueries('leak.test') }));
    for (const [who, result] of both) {
      expect([who, result.queries.filter(({ outcome }) => outcome === 'answered')]).toEqual([who, []]);
    }
    const asked = (await bottle.siteEvents()).filter((event) => event.event === 'question');
    expect(asked.map((event) => event.text)).toEqual(['control.test', 'control.test']);
  });

  it('gets a refusal from every resolver it has, with the question logged', async () => {
    const queries = [bottle.proxy.host, '127.0.0.11'].flatMap((server) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        server,
        protocol,
        name: 'txt.other.test',
        type: 'TXT',
      })),
    );
    for (const [who, result] of await fromBoth((place) => askNames(place, { queries }))) {
      expect([who, result.queries.filter((query) => query.rcode === 0)]).toEqual([who, []]);
      // The bundle's own says REFUSED (5): it is there, and it says no.
      expect(result.queries.slice(0, 2).map(({ rcode }) => rcode)).toEqual([5, 5]);
    }
  });

  it('knows no name of the host', async () => {
    const lookups = ['host.docker.internal', 'gateway.docker.internal'];
    for (const [who, found] of await fromBoth((place) => askNames(place, { lookups }))) {
      expect([who, found.lookups.map(({ address }) => address)]).toEqual([who, ['', '']]);
    }
  });
});
