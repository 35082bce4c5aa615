import { BottleError } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { parseLabels, type ResourceLabels, toLabelFilter } from './labels.ts';
import { retryRemoval } from './retry-removal.ts';

/** A bridge network to create, always without IPv6. */
export interface NetworkSpec {
  readonly name: string;
  readonly cidr: string;
  /** Sealed: no way out, and no address of the host on its bridge. */
  readonly internal: boolean;
  readonly gateway: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A network of bottle's, as the engine's list tells. */
export interface FoundNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: ResourceLabels;
}

/** What matters about an existing network's seal. */
export interface NetworkFacts {
  readonly id: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly subnets: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

/** The engine leaves the bridge without an address: an internal network's gateway is the host otherwise. */
export const inhibitOption = 'com.docker.network.bridge.inhibit_ipv4';

/** Creates a network; one with the same name is an error. */
export async function createNetwork(engine: Engine, spec: NetworkSpec): Promise<void> {
  await engine.call(`network create ${spec.name}`, (docker) =>
    docker.createNetwork({
      Name: spec.name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: spec.internal,
      // SECURITY: on an internal network IPv6 would lead out.
      EnableIPv6: false,
      IPAM: { Driver: 'default', Config: [{ Subnet: spec.cidr, Gateway: spec.gateway }] },
      // SECURITY: see inhibitOption.
      Options: spec.internal ? { [inhibitOption]: 'true' } : {},
      Labels: { ...spec.labels },
    }),
  );
}

/** Puts a container into one more network before it starts. */
export async function connectNetwork(
  engine: Engine,
  network: string,
  container: string,
  address: string | null,
): Promise<void> {
  const endpoint = address === null ? {} : { EndpointConfig: { IPAMConfig: { IPv4Address: address } } };
  await engine.call(`network connect ${network}`, (docker) =>
    docker.getNetwork(network).connect({ Container: container, ...endpoint }),
  );
}

/** Removes a network. What is not there counts as removed. */
export async function removeNetwork(engine: Engine, name: string): Promise<void> {
  await retryRemoval(() =>
    engine.call(`network remove ${name}`, (docker) => docker.getNetwork(name).remove()),
  );
}

/**
 * What the engine made of a network.
 * @throws BottleError `engine-failed` when it is not there
 */
export async function inspectNetwork(engine: Engine, name: string): Promise<NetworkFacts> {
  const found = await engine.call(`network inspect ${name}`, (docker) => docker.getNetwork(name).inspect());
  if (typeof found.Id !== 'string')
    throw new BottleError('engine-failed', `The engine tells nothing of the network ${name}.`);
  return {
    id: found.Id,
    driver: found.Driver,
    internal: found.Internal,
    ipv6: found.EnableIPv6 === true,
    subnets: (found.IPAM?.Config ?? []).flatMap((part) => part.Subnet ?? []),
    options: found.Options ?? {},
  };
}

/** All networks of bottle's, or those of one instance. */
export async function listNetworks(
  engine: Engine,
  only: { readonly slug?: string },
): Promise<readonly FoundNetwork[]> {
  const filters = toLabelFilter(only);
  const found = await engine.call('network list', (docker) => docker.listNetworks({ filters }));
  return found.flatMap(({ Id, Name, Labels }) => {
    const labels = parseLabels(Labels);
    return labels === null ? [] : [{ id: Id, name: Name, labels }];
  });
}

/** The IPv4 ranges of every network the engine has. */
export async function listSubnets(engine: Engine): Promise<readonly string[]> {
  const found = await engine.call('network list', (docker) => docker.listNetworks());
  return found
    .flatMap((network) => network.IPAM?.Config ?? [])
    .flatMap((part) => part.Subnet ?? [])
    .filter((subnet) => !subnet.includes(':'));
}
