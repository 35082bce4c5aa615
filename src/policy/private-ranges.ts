/** An address range that is not the public internet. */
export interface PrivateRange {
  readonly range: string;
  /** What the range is, in a few plain words for logs and refusals. */
  readonly name: string;
}

/**
 * Every range that a name on the internet has no honest reason to lead to: IANA's special-purpose registries for both
 * families, and the one public address a cloud answers on from inside. Narrower ranges come before those that hold them.
 */
export const privateRanges: readonly PrivateRange[] = [
  { range: '0.0.0.0/8', name: 'unspecified' },
  { range: '10.0.0.0/8', name: 'private network' },
  { range: '100.64.0.0/10', name: 'carrier-grade NAT' },
  { range: '127.0.0.0/8', name: 'loopback' },
  { range: '168.63.129.16/32', name: 'cloud metadata' },
  { range: '169.254.169.254/32', name: 'cloud metadata' },
  { range: '169.254.0.0/16', name: 'link-local' },
  { range: '172.16.0.0/12', name: 'private network' },
  { range: '192.0.0.0/24', name: 'protocol assignments' },
  { range: '192.0.2.0/24', name: 'documentation' },
  { range: '192.88.99.0/24', name: '6to4 relay' },
  { range: '192.168.0.0/16', name: 'private network' },
  { range: '198.18.0.0/15', name: 'benchmarking' },
  { range: '198.51.100.0/24', name: 'documentation' },
  { range: '203.0.113.0/24', name: 'documentation' },
  { range: '224.0.0.0/4', name: 'multicast' },
  { range: '255.255.255.255/32', name: 'broadcast' },
  { range: '240.0.0.0/4', name: 'reserved' },
  { range: '::/128', name: 'unspecified' },
  { range: '::1/128', name: 'loopback' },
  { range: '::/96', name: 'IPv4-compatible' },
  { range: '::ffff:0:0:0/96', name: 'IPv4-translated' },
  { range: '64:ff9b::/96', name: 'NAT64' },
  { range: '64:ff9b:1::/48', name: 'local NAT64' },
  { range: '100::/64', name: 'discard' },
  { range: '2001::/32', name: 'Teredo' },
  { range: '2001::/23', name: 'protocol assignments' },
  { range: '2001:db8::/32', name: 'documentation' },
  { range: '2002::/16', name: '6to4' },
  { range: '3fff::/20', name: 'documentation' },
  { range: '5f00::/16', name: 'segment routing' },
  { range: 'fc00::/7', name: 'unique local' },
  { range: 'fe80::/10', name: 'link-local' },
  { range: 'fec0::/10', name: 'site-local' },
  { range: 'ff00::/8', name: 'multicast' },
];
