import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { BottleError } from '../../errors.ts';
import type { DockerBackendPlan } from '../../plans/bottle-plan.ts';
import type { Engine } from '../engine/engine.ts';
import { inhibitOption, inspectNetwork, type NetworkFacts } from '../engine/networks.ts';

/** An address of this host on one of its interfaces. */
export interface InterfaceAddress {
  readonly family: 'IPv4' | 'IPv6';
  readonly address: string;
}

/**
 * What is wrong with the guest's network, in words, or null. Engines have accepted options that they did not know and
 * made networks without them; so what was made is looked at, not what was asked for.
 * @param bridge the host's own addresses on the network's bridge, or null where the bridge is not this host's
 */
export function findLeak(
  network: NetworkFacts,
  cidr: string,
  bridge: readonly InterfaceAddress[] | null,
): string | null {
  if (network.driver !== 'bridge') return `it is a ${network.driver} network`;
  if (!network.internal) return 'it is not internal';
  if (network.ipv6) return 'it has IPv6';
  if (network.options[inhibitOption] !== 'true') return 'its bridge is not kept without an address';
  if (network.subnets.length !== 1 || network.subnets[0] !== cidr) return 'it has another address range';
  // A link-local address is the kernel's own doing; the guest has no IPv6 to reach it by.
  const address = bridge?.find((own) => own.family === 'IPv4' || !/^fe[89ab]/i.test(own.address));
  return address === undefined ? null : `the host has the address ${address.address} on it`;
}

/**
 * Looks whether the guest's network is sealed. Asked when the bundle runs, since a bridge without members shows nothing, and
 * before any process of the guest.
 * @throws BottleError `seal-broken`
 */
export async function checkSeal(engine: Engine, plan: DockerBackendPlan): Promise<void> {
  const network = await inspectNetwork(engine, plan.guestNetwork.name);
  const leak = findLeak(network, plan.guestNetwork.cidr, readBridge(engine, network.id));
  // SECURITY: a guest whose network is not what was asked for never starts.
  if (leak !== null) throw new BottleError('seal-broken', `The guest's network is not sealed: ${leak}.`);
}

/** The engine names its bridges by the network's id. An engine in a machine of its own has them there. */
function readBridge(engine: Engine, networkId: string): readonly InterfaceAddress[] | null {
  const name = `br-${networkId.slice(0, 12)}`;
  if (!engine.isLocalSocket || !existsSync(`/sys/class/net/${name}`)) return null;
  return networkInterfaces()[name] ?? [];
}
