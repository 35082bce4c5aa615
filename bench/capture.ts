import { cp } from 'node:fs/promises';
import Docker from 'dockerode';
import type { RawBottle, RawContainer } from './raw-up.ts';

const rawSlug = 'bench-raw';

/**
 * Reads from the engine how it was asked to make a bottle that is up, as bodies of the same calls under other
 * names, with `true` as the guest's command. What a bottle has on the host is copied, so that it outlives it.
 */
export async function captureBottle(name: string): Promise<RawBottle> {
  const docker = new Docker();
  const label = [`dev.bottle.name=${name}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  const inspected = await Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
  const guest = inspected.find((container) => container.Config.Labels['dev.bottle.role'] === 'guest');
  const bundle = inspected.find((container) => container.Config.Labels['dev.bottle.role'] === 'bundle');
  const slug = guest?.Config.Labels['dev.bottle.slug'];
  if (guest === undefined || bundle === undefined || slug === undefined) throw new Error(`${name} is not up`);
  for (const path of [guest, bundle].flatMap(toHostPaths)) {
    if (path.includes(slug)) await cp(path, path.replaceAll(slug, rawSlug), { recursive: true });
  }
  const networks = await docker.listNetworks({ filters: { label } });
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  const raw: RawBottle = {
    networks: await Promise.all(networks.map(({ Id }) => captureNetwork(docker, Id))),
    volumes: Volumes.map((volume) => ({ Name: volume.Name, Driver: volume.Driver, Labels: volume.Labels })),
    bundle: toRawContainer(bundle, {}),
    guest: toRawContainer(guest, { Entrypoint: ['true'], Cmd: [] }),
  };
  // Other labels too: to bottle's own commands these are none of its resources.
  const text = JSON.stringify(raw).replaceAll(slug, rawSlug).replaceAll('dev.bottle.', 'dev.bottle-bench.');
  return JSON.parse(text) as RawBottle;
}

function toHostPaths({ HostConfig }: Docker.ContainerInspectInfo): readonly string[] {
  const binds = (HostConfig.Binds ?? []).map((bind) => bind.split(':')[0] ?? '');
  const mounts = (HostConfig.Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source);
  return [...binds, ...mounts].filter((path) => path.startsWith('/'));
}

async function captureNetwork(docker: Docker, id: string): Promise<{ readonly Name: string }> {
  const { Name, Driver, Internal, EnableIPv6, IPAM, Options, Labels } = await docker.getNetwork(id).inspect();
  return { Name, Driver, Internal, EnableIPv6, IPAM, Options, Labels } as { Name: string };
}

function toRawContainer(container: Docker.ContainerInspectInfo, replaced: object): RawContainer {
  const { Config, HostConfig, NetworkSettings } = container;
  const endpoints = Object.entries(NetworkSettings.Networks).map(([network, endpoint]) => ({
    network,
    endpoint: { IPAMConfig: endpoint.IPAMConfig },
  }));
  const first = endpoints.find(({ network }) => network === HostConfig.NetworkMode);
  if (first === undefined) throw new Error(`${container.Name} is not on its own network`);
  return {
    name: container.Name.replace(/^\//, ''),
    create: {
      ...Config,
      ...replaced,
      HostConfig,
      NetworkingConfig: { EndpointsConfig: { [first.network]: first.endpoint } },
    },
    connect: endpoints.filter((endpoint) => endpoint !== first),
  };
}
