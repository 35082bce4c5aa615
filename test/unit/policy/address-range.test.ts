import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cidrContains,
  cidrsOverlap,
  classifyAddress,
  isAddressAllowed,
  isCidr,
  parseCidr,
} from '../../../src/policy/address-range.ts';
import { parseIpAddress } from '../../../src/policy/ip-address.ts';
import { privateRanges } from '../../../src/policy/private-ranges.ts';

describe('parseCidr', () => {
  it.each(['10.0.0.0/8', '192.0.2.1/32', '0.0.0.0/0', 'fc00::/7', '::1/128', '::/0', '::ffff:0:0:0/96'])(
    'takes %s',
    (text) => {
      expect(isCidr(text)).toBe(true);
    },
  );

  it.each([
    '10.0.0.0',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/',
    '10/8',
    '0x0a.0.0.0/8',
    'fc00::/129',
    'fc00::1/7',
    'fe80::%eth0/64',
    '[::]/0',
    'a/8',
    '',
    ' 10.0.0.0/8',
  ])('refuses "%s"', (text) => {
    expect(isCidr(text)).toBe(false);
  });

  it('agrees with node on what a range contains', () => {
    const address = fc.oneof(
      fc.ipV4().map((text) => ['ipv4', 32, text] as const),
      fc.ipV6().map((text) => ['ipv6', 128, text] as const),
    );
    fc.assert(
      fc.property(
        address,
        fc.nat(128),
        fc.oneof(fc.ipV4(), fc.ipV6()),
        ([family, bits, text], length, other) => {
          const base = parseIpAddress(text);
          const probe = parseIpAddress(other);
          const prefix = Math.min(length, bits);
          // Node folds mapped addresses of its own accord, in another way.
          fc.pre(
            base !== null &&
              probe !== null &&
              base.family === (family === 'ipv4' ? 4 : 6) &&
              !other.includes('::ffff:'),
          );
          const shift = BigInt(bits - prefix);
          const cidr = { family: base.family, base: (base.value >> shift) << shift, prefix };
          const list = new BlockList();
          list.addSubnet(text, prefix, family);
          expect(cidrContains(cidr, probe)).toBe(probe.family === base.family && list.check(other, family));
        },
      ),
    );
  });

  it.each([
    ['one in the other', '10.0.0.0/8', '10.1.0.0/16', true],
    ['neighbours', '10.0.0.0/28', '10.0.0.16/28', false],
    ['families', '0.0.0.0/0', '::/0', false],
  ])('tells overlap: %s', (_case, a, b, expected) => {
    const [first, second] = [parseCidr(a), parseCidr(b)];
    expect(first !== null && second !== null && cidrsOverlap(first, second)).toBe(expected);
    expect(first !== null && second !== null && cidrsOverlap(second, first)).toBe(expected);
  });
});

describe('classifyAddress', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '93.184.216.34',
    '172.15.255.255',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(classifyAddress(address)).toEqual({ kind: 'public' });
  });

  it.each([
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private network'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.100.100.200', 'carrier-grade NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['168.63.129.16', 'cloud metadata'],
    ['169.254.169.254', 'cloud metadata'],
    ['169.254.170.2', 'link-local'],
    ['172.16.0.1', 'private network'],
    ['172.31.255.255', 'private network'],
    ['192.0.0.192', 'protocol assignments'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4 relay'],
    ['192.168.1.1', 'private network'],
    ['198.18.0.1', 'benchmarking'],
    ['198.19.255.255', 'benchmarking'],
    ['198.51.100.1', 'documentation'],
    ['203.0.113.1', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 'cloud metadata'],
    ['::ffff:0:127.0.0.1', 'IPv4-translated'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b::8.8.8.8', 'NAT64'],
    ['64:ff9b:1::1', 'local NAT64'],
    ['100::1', 'discard'],
    ['2001::1', 'Teredo'],
    ['2001:10::1', 'protocol assignments'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4'],
    ['3fff::1', 'documentation'],
    ['5f00::1', 'segment routing'],
    ['fd00:ec2::254', 'unique local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'address with a zone id'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['4000::1', 'reserved'],
    ['not an address', 'not an address'],
    ['127.1', 'not an address'],
    ['', 'not an address'],
  ])('%s is not: %s', (address, name) => {
    expect(classifyAddress(address)).toMatchObject({ kind: 'private', name });
  });

  it('finds the first and the last address of every range', () => {
    for (const { range } of privateRanges) {
      const cidr = parseCidr(range);
      if (cidr === null) throw new Error(range);
      const last = cidr.base + (1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix)) - 1n;
      for (const value of [cidr.base, last])
        expect(classifyAddress(toText(cidr.family, value)).kind).toBe('private');
    }
  });
});

describe('isAddressAllowed', () => {
  it.each([
    ['a public address', '8.8.8.8', [], true],
    ['a private address', '10.1.2.3', [], false],
    ['a private address in a named range', '10.1.2.3', ['10.1.0.0/16'], true],
    ['a private address beside a named range', '10.2.2.3', ['10.1.0.0/16'], false],
    ['a mapped address in a named range', '::ffff:10.1.2.3', ['10.1.0.0/16'], true],
    ['a mapped address under another name', '::ffff:127.0.0.1', ['10.0.0.0/8'], false],
    ['an address of the other family', 'fd00::1', ['10.0.0.0/8', '::/128'], false],
    ['a unique local address in a named range', 'fd00::1', ['fd00::/8'], true],
    ['a range that is none', '10.1.2.3', ['everything', '10.0.0.0'], false],
    ['no address', 'example.com', ['0.0.0.0/0', '::/0'], false],
    ['a zone id', 'fe80::1%1', ['fe80::/10'], false],
  ])('%s', (_case, address, ranges, allowed) => {
    expect(isAddressAllowed(address, ranges).kind).toBe(allowed ? 'allowed' : 'refused');
  });

  it('says which range a refusal is for', () => {
    expect(isAddressAllowed('169.254.169.254', [])).toEqual({
      kind: 'refused',
      range: '169.254.169.254/32',
      name: 'cloud metadata',
    });
  });
});

function toText(family: 4 | 6, value: bigint): string {
  const [count, width, base, separator] =
    family === 4 ? ([4, 8n, 10, '.'] as const) : ([8, 16n, 16, ':'] as const);
  const parts = Array.from(
    { length: count },
    (_, index) => (value >> (BigInt(count - 1 - index) * width)) & ((1n << width) - 1n),
  );
  return parts.map((part) => part.toString(base)).join(separator);
}
