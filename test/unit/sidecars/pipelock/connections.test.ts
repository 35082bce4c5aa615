import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import {
  isWholeResponse,
  openHttp2,
  openSocket,
  openTls,
  parseResponse,
  readUntil,
  requestHttp2,
  sendRaw,
} from './support/guest.ts';
import { startTestPipelock, type TestPipelock, testLimits } from './support/running-pipelock.ts';

let egress: FakeEgress;
let pipelock: TestPipelock;

beforeAll(async () => {
  egress = await startFakeEgress();
  pipelock = await startTestPipelock(egress.port);
});

afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

const get = (path: string, host = 'narrow.test'): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe('a kept connection', () => {
  it('serves one request after the other, a refused one among them', async () => {
    const socket = await openTls(pipelock, { authority: 'narrow.test:443' });
    const statuses: number[] = [];
    for (const path of ['/v1/a', '/v2/a', '/v1/b']) statuses.push((await sendRaw(socket, get(path))).status);
    socket.destroy();
    expect(statuses).toEqual([200, 403, 200]);
  });

  it('goes on behind a refused request with a small body', async () => {
    const socket = await openTls(pipelock, { authority: 'narrow.test:443' });
    const refused = await sendRaw(
      socket,
      'POST /v1/a HTTP/1.1\r\nHost: narrow.test\r\nContent-Length: 5\r\n\r\nGET /',
    );
    const next = await sendRaw(socket, get('/v1/b'));
    socket.destroy();
    expect(refused).toMatchObject({ status: 403, headers: { connection: 'keep-alive' } });
    expect(next.status).toBe(200);
  });

  it('answers pipelined requests in their order, each decided by itself', async () => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock, { authority: 'narrow.test:443' });
    socket.write(get('/v1/a') + get('/v2/secret') + get('/v1/c'));
    const heads = /HTTP\/1\.1 (\d+)/g;
    const text = await readUntil(socket, (sofar) => (sofar.match(heads) ?? []).length === 3);
    const statuses = [...text.matchAll(heads)].map((match) => Number(match[1]));
    socket.destroy();
    expect(statuses).toEqual([200, 403, 200]);
    expect(egress.seen.slice(before).map(({ url }) => url)).toEqual([
      'https://narrow.test/v1/a',
      'https://narrow.test/v1/c',
    ]);
  });

  it.each([
    [
      'a body that is malformed',
      'POST / HTTP/1.1\r\nHost: open.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    [
      'a head that is malformed',
      'POST / HTTP/1.1\r\nHost: open.test\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
    ],
  ])('ends behind %s: nothing after it is a request', async (_name, malformed) => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock);
    socket.write(malformed + get('/smuggled', 'open.test'));
    const text = await readUntil(socket, () => false);
    expect(text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(egress.seen.length).toBe(before);
  });

  it('ends where the guest asks for it', async () => {
    const socket = await openTls(pipelock);
    socket.write('GET / HTTP/1.1\r\nHost: open.test\r\nConnection: close\r\n\r\n');
    const text = await readUntil(socket, () => false);
    expect(parseResponse(text)).toMatchObject({ status: 200, headers: { connection: 'close' } });
  });

  it('still answers a guest that has closed its side', async () => {
    const socket = await openSocket(pipelock.port);
    socket.end('GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n');
    expect(parseResponse(await readUntil(socket, isWholeResponse)).status).toBe(200);
    socket.destroy();
  });
});

describe('a slow guest', () => {
  it.each([
    [
      'that drips its head',
      async (write: (text: string) => void, isOver: () => boolean) => {
        write('GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n');
        for (let index = 0; !isOver(); index += 1) {
          write(`X-${index}: a\r\n`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
    ],
    ['that stops in its head', async (write: (text: string) => void) => write('GET http://pl')],
  ])('is refused: one %s', async (_name, act) => {
    const socket = await openSocket(pipelock.port);
    const startedMs = performance.now();
    let over = false;
    const acting = act(
      (text) => socket.write(text),
      () => over,
    );
    const response = parseResponse(await readUntil(socket, isWholeResponse));
    over = true;
    await acting;
    socket.destroy();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'http', connection: 'close' },
    });
    expect(performance.now() - startedMs).toBeLessThan(testLimits.headTimeoutMs + 1000);
  });

  it('that stops in its body is let go of', async () => {
    await using impatient = await startTestPipelock(egress.port, { idleTimeoutMs: 200 });
    const socket = await openTls(impatient);
    const response = await sendRaw(
      socket,
      'POST / HTTP/1.1\r\nHost: open.test\r\nContent-Length: 5\r\n\r\nhe',
    );
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'http' } });
  });

  it('that says nothing at all is let go of', async () => {
    await using impatient = await startTestPipelock(egress.port, { idleTimeoutMs: 100 });
    const socket = await openSocket(impatient.port);
    expect(await readUntil(socket, () => false)).toBe('');
  });
});

describe('connections', () => {
  it('are refused beyond their number, and served again once there is room', async () => {
    await using small = await startTestPipelock(egress.port, { maxConnections: 3 });
    const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
    const open = await Promise.all([1, 2, 3].map(() => openSocket(small.port)));
    const extra = await openSocket(small.port);
    const refusal = parseResponse(await readUntil(extra, isWholeResponse));
    for (const socket of [...open, extra]) socket.destroy();
    expect(refusal).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'http' } });
    await expect
      .poll(async () => {
        const socket = await openSocket(small.port);
        const { status } = await sendRaw(socket, health);
        socket.destroy();
        return status;
      })
      .toBe(200);
  });

  it.each(['http/1.1', 'h2'])('count no longer once they are over, tunnels of %s too', async (protocol) => {
    await using small = await startTestPipelock(egress.port, { maxConnections: 3 });
    for (let round = 0; round < 12; round += 1) {
      await expect
        .poll(async () => {
          if (protocol === 'h2') {
            const session = await openHttp2(small).catch(() => null);
            const response = session === null ? null : await requestHttp2(session, {});
            session?.close();
            return response?.status;
          }
          const socket = await openTls(small).catch(() => null);
          const response = socket === null ? null : await sendRaw(socket, get('/', 'open.test'));
          socket?.end();
          return response?.status;
        })
        .toBe(200);
    }
  });

  it('that a guest breaks off do not reach the host whole', async () => {
    const socket = await openTls(pipelock);
    socket.write('POST /broken HTTP/1.1\r\nHost: open.test\r\nContent-Length: 100000\r\n\r\n');
    socket.write('x'.repeat(80_000));
    await expect.poll(() => egress.received().length).toBeGreaterThan(70_000);
    socket.destroy();
    await expect.poll(() => egress.seen.find(({ url }) => url.endsWith('/broken'))?.complete).toBe(false);
  });

  it('survive a daemon restart of egress: 502 while it is away, then all is well', async () => {
    await using away = await startFakeEgress();
    await using own = await startTestPipelock(away.port);
    const socket = await openTls(own);
    expect((await sendRaw(socket, get('/', 'open.test'))).status).toBe(200);
    await away[Symbol.asyncDispose]();
    const response = await sendRaw(socket, get('/', 'open.test'));
    socket.destroy();
    expect(response).toMatchObject({ status: 502, headers: { 'x-bottle-error': 'pipelock' } });
    expect(response.body).toContain('egress does not accept');
    expect(own.events('error')).toHaveLength(1);
  });
});

describe('the log', () => {
  it('has a line for a request that went through', async () => {
    const socket = await openTls(pipelock);
    await sendRaw(socket, get('/logged?a=b', 'open.test'));
    socket.destroy();
    await once(socket, 'close');
    expect(pipelock.events('forward_http').at(-1)).toMatchObject({
      method: 'GET',
      url: 'https://open.test/logged?a=b',
      status_code: 200,
      client_ip: '127.0.0.1',
    });
  });

  it("has pipelock's words for one that did not", async () => {
    const socket = await openSocket(pipelock.port);
    await sendRaw(socket, 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n');
    socket.destroy();
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      method: 'CONNECT',
      url: 'https://evil.test:443/',
      scanner: 'allowlist',
      reason: 'domain not in allowlist: evil.test',
      layer: 'allowlist',
      mitre_technique: 'T1071.001',
    });
  });
});
