import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BottleHome, createBottleHome } from '../support/bottle-cli.ts';
import { builtImages } from '../support/built-images.ts';
import { type HermeticEngine, startHermeticEngine, whyNoHermeticEngine } from '../support/hermetic-engine.ts';
import { type Place, runProbe } from '../support/probe.ts';
import { upBottle } from '../support/sealed-bottle.ts';
import { createTestAuthority } from '../support/test-certificates.ts';

const reason = whyNoHermeticEngine(['runsc']);
const name = 'gvisor';
const subnet = '10.203.255.0/28';
const siteAddress = '10.203.255.2';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: string;
}

describe('a bottle on an engine that has gVisor', () => {
  const stack = new AsyncDisposableStack();
  let engine: HermeticEngine;
  let home: BottleHome;
  let guest: Place;

  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  beforeAll(async () => {
    if (reason !== null) return;
    engine = stack.use(await startHermeticEngine());
    home = stack.use(await createBottleHome({ DOCKER_HOST: engine.host }));
    await engine.copyImages([builtImages.bundle, builtImages.agents.shell]);
    await startSite();
    await upBottle(home, name, stack);
    guest = async (argv, stdin) => {
      const result = await home.run(['exec', name, '--', ...argv], { stdin });
      return { ...result, status: result.status ?? -1 };
    };
  });
  afterAll(() => stack.disposeAsync());

  /** `open.test`, the one host that the manifest names, on a network that is the bundle's way out. */
  async function startSite(): Promise<void> {
    const authority = createTestAuthority();
    const { key, cert } = authority.issue(['open.test']);
    const extraCa = join(home.folder, 'test-ca.pem');
    await writeFile(extraCa, authority.caPem);
    await engine.docker.createNetwork({ Name: 'outside', IPAM: { Config: [{ Subnet: subnet }] } });
    const site = await engine.docker.createContainer({
      Image: builtImages.agents.shell,
      Entrypoint: ['node'],
      Cmd: ['/site.ts'],
      User: 'root',
      Env: [`TLS_KEY=${key}`, `TLS_CERT=${cert}`],
      HostConfig: {
        NetworkMode: 'outside',
        Binds: [`${fileURLToPath(new URL('../support/outside-site.ts', import.meta.url))}:/site.ts:ro`],
      },
      NetworkingConfig: {
        EndpointsConfig: { outside: { Aliases: ['open.test'], IPAMConfig: { IPv4Address: siteAddress } } },
      },
    });
    await site.start();
    await home.writeManifest(name, {
      agent: { command: ['sleep', 'infinity'] },
      workspace: { source: home.workspace, mode: 'bind' },
      egress: {
        network: 'outside',
        allowPrivate: [`${siteAddress}/32`],
        extraCa: [extraCa],
        routes: [{ host: 'open.test' }],
      },
    });
  }

  it('runs its guest under it without being told', async () => {
    const [found] = await engine.docker.listContainers({
      filters: { label: [`dev.bottle.name=${name}`, 'dev.bottle.role=guest'] },
    });
    const { HostConfig } = await engine.docker.getContainer(found?.Id ?? '').inspect();
    expect(HostConfig.Runtime).toBe('runsc');

    const readVersion = 'console.log(require("node:fs").readFileSync("/proc/version", "utf8"))';
    await engine.docker.createNetwork({ Name: 'plain' });
    const plain = engine.placeOn('plain', builtImages.agents.shell);
    expect((await plain(['node', '-'], readVersion)).stdout).toContain(release());
    const inGuest = await guest(['node', '-e', readVersion], '');
    // gVisor's own kernel says the same on every host, and not what the host's says.
    expect(inGuest.stdout).toContain('Linux version 4.4.0');
    expect(inGuest.stdout).not.toContain(release());
  });

  it('reaches through its bundle what the manifest names, and nothing else', async () => {
    const answers = await runProbe<readonly Answer[]>(guest, 'fetch', {
      requests: [{ url: 'https://open.test/hello' }, { url: 'https://other.test/' }],
    });
    expect(answers[0]).toMatchObject({ status: 200, headers: { 'x-site': 'outside' } });
    expect(answers[1]?.code).not.toBe('');
    expect((await home.run(['logs', name, '--daemon', 'pipelock'])).stdout).toContain('other.test');
  });

  it('comes down and leaves nothing', async () => {
    const down = await home.run(['down', name]);
    expect([down.status, down.stderr]).toEqual([0, expect.any(String)]);
    const filters = { label: [`dev.bottle.name=${name}`] };
    const containers = await engine.docker.listContainers({ all: true, filters });
    const networks = await engine.docker.listNetworks({ filters });
    const { Volumes } = await engine.docker.listVolumes({ filters: JSON.stringify(filters) });
    expect([containers, networks, Volumes ?? []]).toEqual([[], [], []]);
  });
});
