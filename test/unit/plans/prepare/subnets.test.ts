import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareSubnets } from '../../../../src/plans/prepare/subnets.ts';
import { cidrContains, cidrsOverlap, parseCidr } from '../../../../src/policy/address-range.ts';
import { parseIpAddress } from '../../../../src/policy/ip-address.ts';

const seeds = fc.stringMatching(/^[0-9a-f]{16}$/);
const block = fc.nat(4095).map((index) => `10.201.${index >> 4}.${(index & 15) << 4}/28`);

describe('prepareSubnets', () => {
  it('gives two ranges of their own, clear of all that is taken, with everybody inside', () => {
    fc.assert(
      fc.property(seeds, fc.array(block, { maxLength: 200 }), (seed, taken) => {
        const { guest, uplink } = prepareSubnets(seed, taken);
        const ranges = [guest, uplink].map(({ cidr }) => requireCidr(cidr));
        const [first, second] = ranges;
        expect(first !== undefined && second !== undefined && cidrsOverlap(first, second)).toBe(false);
        expect(ranges.some((range) => taken.some((text) => cidrsOverlap(range, requireCidr(text))))).toBe(
          false,
        );
        const addresses = [guest.gateway, guest.bundle, guest.guest];
        expect(new Set(addresses).size).toBe(3);
        for (const address of addresses) {
          const parsed = parseIpAddress(address);
          expect(parsed !== null && cidrContains(requireCidr(guest.cidr), parsed)).toBe(true);
        }
      }),
    );
  });

  it('seldom draws the same range twice', () => {
    const drawn = Array.from(
      { length: 200 },
      (_, index) => prepareSubnets((index * 2654435761).toString(16).padStart(16, '0'), []).guest.cidr,
    );
    expect(new Set(drawn).size).toBeGreaterThan(150);
  });

  it('finds the last two free ranges', () => {
    const taken = Array.from({ length: 4096 }, (_, index) => `10.201.${index >> 4}.${(index & 15) << 4}/28`);
    const free = taken.filter((_, index) => index !== 7 && index !== 4000);
    const { guest, uplink } = prepareSubnets('1a2b3c4d5e6f7081', free);
    expect([guest.cidr, uplink.cidr].sort()).toEqual(['10.201.0.112/28', '10.201.250.0/28']);
  });

  it.each([
    ['the whole block is taken', ['10.201.0.0/16']],
    ['something around it is taken', ['10.0.0.0/8']],
  ])('fails when %s', (_case, taken) => {
    expect(() => prepareSubnets('1a2b3c4d5e6f7081', taken)).toThrow(
      expect.objectContaining({ code: 'backend-unavailable' }),
    );
  });

  it('keeps clear of a range written as an interface has it', () => {
    expect(prepareSubnets('0000000000000000', ['10.201.0.5/27']).guest.cidr).toBe('10.201.0.32/28');
  });

  it('passes over other families and texts that are no ranges', () => {
    expect(prepareSubnets('0000000000000000', ['fd00::/8', 'default']).guest.cidr).toBe('10.201.0.0/28');
  });
});

function requireCidr(text: string) {
  const cidr = parseCidr(text);
  if (cidr === null) throw new Error(text);
  return cidr;
}
