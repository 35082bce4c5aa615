import { describe, expect, it } from 'vitest';
import { parseRouteTable, readRoutedSubnets } from '../../../src/host/host-routes.ts';

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';

describe('routes of the host', () => {
  it('are read from the table of the kernel, but for the default route', () => {
    const table = [
      head,
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0   ',
      'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0   ',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0   ',
      'tun0\t10C8A8C0\t00000000\t0005\t0\t0\t0\tF0FFFFFF\t0\t0\t0   ',
      '',
    ].join('\n');
    expect(parseRouteTable(table)).toEqual(['172.17.0.0/16', '192.0.2.0/24', '192.168.200.16/28']);
  });

  it('can be none', () => {
    expect(parseRouteTable(`${head}\n`)).toEqual([]);
  });

  it('are found on this host, as ranges', async () => {
    for (const subnet of await readRoutedSubnets()) expect(subnet).toMatch(/^\d+\.\d+\.\d+\.\d+\/\d+$/);
  });
});
