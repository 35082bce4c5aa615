import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openConnect, openSocket, openTls, sendRaw } from './support/guest.ts';
import { startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

let egress: FakeEgress;
let pipelock: TestPipelock;

beforeAll(async () => {
  egress = await startFakeEgress();
  pipelock = await startTestPipelock(egress.port, {
    headTimeoutMs: 50,
    tlsHandshakeTimeoutMs: 200,
    idleTimeoutMs: 300,
  });
});

afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

/** Where a guest's bytes can go, with a beginning that leads further in. */
const places = {
  'the proxy': ['', () => openSocket(pipelock.port)],
  'the body of a request': [
    'POST http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\nTransfer-Encoding: chunked\r\n\r\n',
    () => openSocket(pipelock.port),
  ],
  'a tunnel': ['\x16\x03\x01', () => openConnect(pipelock, 'open.test:443')],
  'TLS, as HTTP/1': ['GET / HTTP/1.1\r\nHost: open.test\r\n', () => openTls(pipelock)],
  'TLS, as HTTP/2': [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    () => openTls(pipelock, { protocols: ['h2'] }),
  ],
} as const;

describe('any bytes', () => {
  it.each(Object.entries(places))(
    'in %s end in an answer or a close, and the daemon lives on',
    async (_name, [beginning, open]) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, leads) => {
          const socket = await open();
          const closed = once(socket, 'close');
          socket.resume();
          socket.end(Buffer.concat([Buffer.from(leads ? beginning : '', 'latin1'), Buffer.from(bytes)]));
          await closed;
        }),
        { numRuns: 25 },
      );
      const socket = await openSocket(pipelock.port);
      expect((await sendRaw(socket, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(200);
      socket.destroy();
    },
  );
});
