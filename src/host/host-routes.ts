import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/**
 * The IPv4 ranges this host has a route to, as CIDRs; without the default route, which covers everything. Where the kernel shows no
 * table of routes, the ranges of its interfaces stand for it.
 */
export async function readRoutedSubnets(): Promise<readonly string[]> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => null);
  return table === null ? readInterfaceSubnets() : parseRouteTable(table);
}

/** Reads the kernel's table: a head, then lines of columns; addresses and masks are hexadecimal, lowest byte first. */
export function parseRouteTable(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, destination, , , , , , mask]) => {
      if (destination === undefined || mask === undefined) return [];
      const bits = toNumber(mask).toString(2).replaceAll('0', '').length;
      return bits === 0 ? [] : [`${toDotted(toNumber(destination))}/${bits}`];
    });
}

function toNumber(text: string): number {
  return Buffer.from(text, 'hex').readUInt32LE();
}

function toDotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

function readInterfaceSubnets(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, cidr }) => (family === 'IPv4' && cidr !== null ? [cidr] : []));
}
