import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestAuthority, type TestCertificate } from '../../../support/test-certificates.ts';
import { route, startTestEgress } from './start-test-egress.ts';

const authority = createTestAuthority();
const stranger = createTestAuthority('a stranger');
const good = authority.issue(['api.test']);

/** A host that does `serve` with each connection, over TLS where it has a certificate. */
async function startHost(certificate: TestCertificate | null, serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  };
  const server = certificate === null ? createServer(keep) : createTlsServer({ ...certificate }, keep);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const sayHello = (socket: Socket): void => {
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'));
};
const say = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text));
const silent = (): void => {};

const limits = { connectTimeoutMs: 500, responseTimeoutMs: 500 };

describe('a host that cannot be asked', () => {
  it.each([
    ['nothing wrong', good, sayHello, 200, undefined, 'hello'],
    [
      'an expired certificate',
      authority.issue(['api.test'], { expired: true }),
      sayHello,
      502,
      'tls',
      'not valid today',
    ],
    ['a certificate for other names', authority.issue(['other.test']), sayHello, 502, 'tls', 'other names'],
    ['an unknown authority', stranger.issue(['api.test']), sayHello, 502, 'tls', 'egress.extraCa'],
    ['no TLS', null, say('HTTP/1.1 200 OK\r\n\r\n'), 502, 'tls', 'serves https'],
    ['no TLS and no word', null, silent, 504, 'timeout', '500 ms'],
    ['no answer', good, silent, 504, 'timeout', '500 ms'],
    ['an end without an answer', good, say(''), 502, 'reset', 'broke off'],
    ['an answer that is no HTTP', good, say('what?\r\n\r\n'), 502, 'reset', 'broke off'],
    [
      'a switch of protocols nobody asked for',
      good,
      say('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes'),
      502,
      'reset',
      'another protocol',
    ],
    [
      'two lengths',
      good,
      say('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      502,
      'reset',
      'broke off',
    ],
    [
      'an endless head',
      good,
      say(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`),
      502,
      'reset',
      'broke off',
    ],
  ])('%s', async (_name, certificate, serve, status, error, words) => {
    await using host = await startHost(certificate, serve);
    await using egress = await startTestEgress([route('api.test', host.port)], {
      plan: { extraCa: [authority.caPem] },
      limits,
    });
    const answer = await egress.ask(`https://api.test:${host.port}/`);
    expect(answer.status, answer.body).toBe(status);
    expect(answer.headers['x-bottle-error']).toBe(error);
    expect(answer.body).toContain(words);
    expect(egress.log.at(-1)).toMatchObject({ event: 'egress_request', status, rule: 'route to api.test' });
  });

  it('without the extra authority the same host is refused', async () => {
    await using host = await startHost(good, sayHello);
    await using egress = await startTestEgress([route('api.test', host.port)]);
    expect(await egress.ask(`https://api.test:${host.port}/`)).toMatchObject({
      status: 502,
      headers: { 'x-bottle-error': 'tls' },
    });
  });

  it.each([
    [
      'a name that is not there',
      () => {
        throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      },
      'dns',
      'ENOTFOUND',
    ],
    ['a name without addresses', () => [], 'dns', 'no address'],
    ['nobody at the address', () => ['127.0.0.1'], 'connect', 'ECONNREFUSED'],
  ])('%s', async (_name, resolve, error, words) => {
    await using egress = await startTestEgress([route('api.test', 1)], { resolve });
    const answer = await egress.ask('https://api.test:1/');
    expect(answer).toMatchObject({ status: 502, headers: { 'x-bottle-error': error } });
    expect(answer.body).toContain(words);
  });
});
