import { BottleError } from '../../errors.ts';
import { cidrsOverlap, parseCidr, parseInterfaceRange } from '../../policy/address-range.ts';
import type { SubnetPlan } from '../bottle-plan.ts';

/** Small ranges, so that thousands of bottles fit in one block: the engine's own pools end at about thirty. */
const pool = '10.201.0.0/16';
const blockBits = 4;
const blockCount = 2 ** (16 - blockBits);

/** The two ranges of one bottle. */
export interface PreparedSubnets {
  readonly guest: SubnetPlan & { readonly guest: string };
  readonly uplink: SubnetPlan;
}

/**
 * Draws two free /28 ranges: the seed says where the search begins, so that launches at the same moment seldom meet.
 * @throws BottleError `backend-unavailable` when fewer than two ranges are free
 */
export function prepareSubnets(seed: string, taken: readonly string[]): PreparedSubnets {
  const used = taken.flatMap((text) => parseInterfaceRange(text) ?? []);
  const start = Number.parseInt(seed.slice(4, 12), 16) % blockCount;
  const free: number[] = [];
  for (let step = 0; step < blockCount && free.length < 2; step++) {
    const block = (start + step) % blockCount;
    const cidr = parseCidr(toSubnet(block).cidr);
    if (cidr !== null && !used.some((other) => cidrsOverlap(cidr, other))) free.push(block);
  }
  const [guest, uplink] = free;
  if (guest === undefined || uplink === undefined) {
    throw new BottleError('backend-unavailable', `No free address range is left in ${pool}.`, {
      hint: 'Remove networks that are no longer needed: "bottle gc" finds those of bottle.',
    });
  }
  return { guest: { ...toSubnet(guest), guest: toAddress(guest, 3) }, uplink: toSubnet(uplink) };
}

function toSubnet(block: number): SubnetPlan {
  return { cidr: `${toAddress(block, 0)}/28`, gateway: toAddress(block, 1), bundle: toAddress(block, 2) };
}

function toAddress(block: number, host: number): string {
  const value = (block << blockBits) + host;
  return `10.201.${value >> 8}.${value & 0xff}`;
}
