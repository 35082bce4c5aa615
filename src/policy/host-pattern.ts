import { isIPv4, isIPv6 } from 'node:net';

/** Longest DNS name in its written form (RFC 1035, without the trailing dot). */
const maxNameLength = 253;
const visibleAscii = /^[\x21-\x7e]*$/;
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A last label that some resolvers read as a number, and the whole name then as an IPv4 address. */
const numericLabel = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * The one canonical spelling of a host: a DNS name in lower-case ASCII, an IPv4 address of four plain decimal
 * numbers, or an IPv6 address without brackets.
 * @returns null for everything that has, or may have, another reading: a trailing dot, an empty label, non-ASCII text,
 *   a port, user information, a zone id, or an address written as octal, hexadecimal or with fewer parts
 */
export function parseHostName(text: string): string | null {
  // SECURITY: before lower case: the Kelvin sign and others become ASCII letters there.
  if (!visibleAscii.test(text)) return null;
  const host = text.toLowerCase();
  if (isIPv6(host)) return toCanonicalIpv6(host);
  if (isIPv4(host)) return host;
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  // SECURITY: `0x7f.1`, `017700000001` and `2130706433` are 127.0.0.1 to some resolvers: only the plain spelling passes.
  if (numericLabel.test(last)) return null;
  return host.length <= maxNameLength && labels.every((part) => label.test(part)) ? host : null;
}

/**
 * The canonical spelling of a rule's host: an exact name or address, or `*.zone` for every name below the zone.
 * @returns null for anything else; a bare `*` and a wildcard over a whole top-level domain are refused
 */
export function parseHostPattern(text: string): string | null {
  if (!text.startsWith('*.')) return parseHostName(text);
  const zone = parseHostName(text.slice(2));
  // SECURITY: a wildcard over a top-level domain is a wildcard over the internet.
  if (zone === null || isAddress(zone) || !zone.includes('.')) return null;
  return `*.${zone}`;
}

/**
 * Whether a host is what a pattern names. Both must come from {@link parseHostPattern} and {@link parseHostName}.
 * `*.zone` matches every name below the zone, at any depth, but neither the zone itself nor an address.
 */
export function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host;
  return host.length > pattern.length - 1 && host.endsWith(pattern.slice(1)) && !isAddress(host);
}

function isAddress(host: string): boolean {
  return isIPv4(host) || isIPv6(host);
}

function toCanonicalIpv6(address: string): string | null {
  if (address.includes('%')) return null;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
