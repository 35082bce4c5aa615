import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../support/test-certificates.ts';

const authority = createTestAuthority();
const stranger = createTestAuthority('a stranger');

async function handshake(
  names: readonly string[],
  options: { expired?: boolean; ca?: string; servername?: string },
) {
  const server = createServer(authority.issue(names, { expired: options.expired ?? false }), (socket) =>
    socket.end(),
  );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ca: [options.ca ?? authority.caPem],
  });
  try {
    await once(client, 'secureConnect');
    return 'accepted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    client.destroy();
    server.close();
  }
}

describe('createTestAuthority', () => {
  it.each([
    ['a name', ['api.test'], { servername: 'api.test' }, 'accepted'],
    ['an address', ['127.0.0.1'], {}, 'accepted'],
    ['another name', ['api.test'], { servername: 'other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an expired leaf', ['api.test'], { servername: 'api.test', expired: true }, 'CERT_HAS_EXPIRED'],
    [
      'an unknown authority',
      ['api.test'],
      { servername: 'api.test', ca: stranger.caPem },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])('%s', async (_name, names, options, expected) => {
    expect(await handshake(names, options)).toBe(expected);
  });
});
