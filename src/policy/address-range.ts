import { type IpAddress, ipv6Value, parseIpAddress } from './ip-address.ts';
import { privateRanges } from './private-ranges.ts';

/** A range of addresses: those that share the first `prefix` bits with `base`. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

/** What an address is: of the public internet, or of a range that is not. */
export type AddressClass =
  | { readonly kind: 'public' }
  | { readonly kind: 'private'; readonly range: string; readonly name: string };

/** Whether egress may dial an address; a refusal is a value, never an exception. */
export type AddressDecision =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly range: string; readonly name: string };

const bits = { 4: 32, 6: 128 } as const;

/** Parses `10.0.0.0/8` or `fc00::/7`; null for anything else, and where a bit behind the prefix is set. */
export function parseCidr(text: string): Cidr | null {
  const range = parseInterfaceRange(text);
  return range !== null && range.address === range.base ? range : null;
}

/** Parses an address and prefix as interfaces have it, `192.168.1.5/24`: the range around that address. */
export function parseInterfaceRange(text: string): (Cidr & { readonly address: bigint }) | null {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const parsed = parseRangeBase(address);
  const prefix = Number(digits);
  if (parsed === null || prefix > bits[parsed.family]) return null;
  const hostBits = BigInt(bits[parsed.family] - prefix);
  return {
    family: parsed.family,
    base: (parsed.value >> hostBits) << hostBits,
    prefix,
    address: parsed.value,
  };
}

/** Whether a text is a range that {@link parseCidr} takes. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== null;
}

/** Whether an address lies in a range. */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.family !== address.family) return false;
  const hostBits = BigInt(bits[cidr.family] - cidr.prefix);
  return address.value >> hostBits === cidr.base >> hostBits;
}

/** Whether two ranges share an address. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  const [wide, narrow] = a.prefix <= b.prefix ? [a, b] : [b, a];
  return cidrContains(wide, { family: narrow.family, value: narrow.base });
}

const ranges = privateRanges.map(({ range, name }) => {
  const cidr = parseCidr(range);
  if (cidr === null) throw new TypeError(`not a range: ${range}`);
  return { range, name, cidr };
});

/** IANA gives out public IPv6 addresses of this range only. */
const globalUnicast: Cidr = { family: 6, base: 0x2000n << 112n, prefix: 3 };

/**
 * Says what an address is. A mapped IPv4 address counts as that IPv4 address; one that is no address at all, or has a zone id,
 * counts as private, so that a caller fails closed.
 */
export function classifyAddress(address: string): AddressClass {
  const parsed = parseIpAddress(address);
  if (parsed === null) {
    const name = address.includes('%') ? 'address with a zone id' : 'not an address';
    return { kind: 'private', range: 'none', name };
  }
  const found = ranges.find(({ cidr }) => cidrContains(cidr, parsed));
  if (found !== undefined) return { kind: 'private', range: found.range, name: found.name };
  // SECURITY: what nobody has been given yet is not public either.
  if (parsed.family === 6 && !cidrContains(globalUnicast, parsed)) {
    return { kind: 'private', range: '::/0', name: 'reserved' };
  }
  return { kind: 'public' };
}

/**
 * Decides whether egress may dial an address that a name resolved to.
 * @param allowPrivate CIDRs of private ranges the manifest names; a text that is none of them allows nothing
 */
export function isAddressAllowed(address: string, allowPrivate: readonly string[]): AddressDecision {
  const found = classifyAddress(address);
  if (found.kind === 'public') return { kind: 'allowed' };
  const parsed = parseIpAddress(address);
  const named =
    parsed !== null &&
    allowPrivate.some((text) => {
      const cidr = parseCidr(text);
      return cidr !== null && cidrContains(cidr, parsed);
    });
  // SECURITY: a private address is dialled only where the manifest names its range.
  return named ? { kind: 'allowed' } : { kind: 'refused', range: found.range, name: found.name };
}

/** A range's base is not folded: `::ffff:0:0/96` would become an IPv4 range of another size. */
function parseRangeBase(address: string): IpAddress | null {
  const parsed = parseIpAddress(address);
  return parsed === null || !address.includes(':') ? parsed : { family: 6, value: ipv6Value(address) };
}
