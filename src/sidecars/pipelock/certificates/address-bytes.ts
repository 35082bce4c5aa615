import { isIPv4 } from 'node:net';

/** The 4 or 16 bytes of a valid IP address literal. */
export function toAddressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes every IPv6 literal in its one canonical form, an embedded IPv4 part in hexadecimal.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...Array<number>(zeros).fill(0), ...after].entries()) {
    bytes.writeUInt16BE(group, index * 2);
  }
  return bytes;
}
