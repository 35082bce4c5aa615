import { describe, expect, it } from 'vitest';
import { findLeak } from '../../../../src/backends/docker/seal.ts';
import type { NetworkFacts } from '../../../../src/backends/engine/networks.ts';

const cidr = '10.201.0.0/28';
const sealed: NetworkFacts = {
  id: 'x',
  driver: 'bridge',
  internal: true,
  ipv6: false,
  subnets: [cidr],
  options: { 'com.docker.network.bridge.inhibit_ipv4': 'true' },
};

describe('findLeak', () => {
  it.each([
    ["whose bridge is not this host's", null],
    ['whose bridge has no address', []],
    [
      "whose bridge has the kernel's own link-local address",
      [{ family: 'IPv6', address: 'fe80::42:c2ff:fe7c:31a2' }],
    ],
  ] as const)('finds none in a network as asked for, %s', (_what, bridge) => {
    expect(findLeak(sealed, cidr, bridge)).toBeNull();
  });

  it.each<[string, Partial<NetworkFacts>]>([
    ['is not internal', { internal: false }],
    ['has IPv6', { ipv6: true }],
    ['its bridge is not kept without an address', { options: {} }],
    [
      'its bridge is not kept without an address',
      { options: { 'com.docker.network.bridge.inhibit_ipv4': 'false' } },
    ],
    ['has another address range', { subnets: ['10.201.1.0/28'] }],
    ['has another address range', { subnets: [cidr, '192.168.0.0/24'] }],
    ['is a macvlan network', { driver: 'macvlan' }],
  ])('finds that it %s', (words, changes) => {
    expect(findLeak({ ...sealed, ...changes }, cidr, [])).toContain(words);
  });

  it.each([
    { family: 'IPv4', address: '10.201.0.1' },
    { family: 'IPv6', address: 'fd00::1' },
  ] as const)('finds the host itself at $address', (address) => {
    expect(findLeak(sealed, cidr, [address])).toContain(address.address);
  });
});
