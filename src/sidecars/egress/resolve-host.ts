import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isAddressAllowed } from '../../policy/address-range.ts';
import { type Denial, fail, refuse } from './denial.ts';

/** Asks for all addresses of a name, in the order in which to try them. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

/** Addresses that were checked, or why there are none. */
export type Resolution = { readonly kind: 'resolved'; readonly addresses: readonly LookupAddress[] } | Denial;

/** The system's resolver. IPv4 first: a bottle's way out has no IPv6. */
export const resolveBySystem: ResolveName = (name) => lookup(name, { all: true, order: 'ipv4first' });

/**
 * Resolves a host once and checks every answer.
 *
 * SECURITY: the addresses given back are the ones that were checked and the only ones to dial; no name is
 * resolved again between check and dial. One private answer among public ones refuses the host.
 */
export async function resolveHost(
  host: string,
  allowPrivate: readonly string[],
  resolveName: ResolveName,
): Promise<Resolution> {
  const family = isIP(host);
  let addresses: readonly LookupAddress[];
  try {
    addresses = family === 0 ? await resolveName(host) : [{ address: host, family }];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return fail(
      'dns',
      `The name ${host} could not be resolved (${code}): check the name and the bundle's DNS.`,
    );
  }
  if (addresses.length === 0) return fail('dns', `The name ${host} has no address.`);
  for (const { address } of addresses) {
    const decision = isAddressAllowed(address, allowPrivate);
    if (decision.kind === 'refused') {
      return refuse(
        'ssrf',
        `${host} leads to the address ${address} (${decision.name}), which is not public: the operator can name its range under egress.allowPrivate.`,
      );
    }
  }
  return { kind: 'resolved', addresses };
}
