import { isIPv4, isIPv6 } from 'node:net';

/** An address as a number; an IPv4-mapped IPv6 address is the IPv4 address it stands for. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

const mappedPrefix = 0xffffn;

/** Parses an address without brackets or zone id, or gives null. */
export function parseIpAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return { family: 4, value: ipv4Value(text) };
  if (!isIPv6(text) || text.includes('%')) return null;
  const value = ipv6Value(text);
  // SECURITY: `::ffff:127.0.0.1` reaches 127.0.0.1, so it is judged as that.
  return value >> 32n === mappedPrefix ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** The value of a valid IPv6 address, mapped ones unfolded. */
export function ipv6Value(text: string): bigint {
  const [head = '', tail] = toHexGroups(text).split('::');
  const before = splitGroups(head);
  const after = tail === undefined ? [] : splitGroups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n);
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** Writes a dotted tail (`::ffff:1.2.3.4`) as two groups. */
function toHexGroups(text: string): string {
  const dotted = /[0-9.]+$/.exec(text)?.[0] ?? '';
  if (!isIPv4(dotted)) return text;
  const value = ipv4Value(dotted);
  return `${text.slice(0, -dotted.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function splitGroups(text: string): bigint[] {
  return text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`));
}
