import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress, startRawEgress } from './support/fake-egress.ts';
import { openHttp2, openTls, readUntil, requestHttp2, sendRaw } from './support/guest.ts';
import { startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: open.test\r\n\r\n`;

describe('a response', () => {
  let egress: FakeEgress;
  let pipelock: TestPipelock;
  let release: () => void = () => {};

  beforeAll(async () => {
    egress = await startFakeEgress((request, response) => {
      const path = new URL(request.url).pathname;
      if (path === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        release = () => response.end('data: 2\n\n');
      } else if (path === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': '42' });
        response.end();
      } else if (path === '/hints') {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end('late');
      } else if (path === '/large') response.end(Buffer.alloc(8 * 1024 * 1024, 'a'));
      else if (path === '/none') response.writeHead(204).end();
      else if (path === '/same') response.writeHead(304, { etag: '"a"' }).end();
      else if (path === '/egress') {
        response
          .writeHead(403, { 'x-bottle-block': 'ssrf', 'set-cookie': ['a=1', 'b=2'] })
          .end('The address is private.');
      } else if (path === '/hops') {
        response.writeHead(200, {
          connection: 'x-private, keep-alive',
          'x-private': 'a',
          'keep-alive': 'timeout=9',
          'x-kept': 'b',
        });
        response.end('ok');
      } else if (path.startsWith('/half')) {
        if (path === '/half') response.setHeader('content-length', 100);
        response.write('half');
        release = () => response.destroy();
      } else response.end(path);
    });
    pipelock = await startTestPipelock(egress.port);
  });

  afterAll(async () => {
    await pipelock[Symbol.asyncDispose]();
    await egress[Symbol.asyncDispose]();
  });

  it('of events comes one by one', async () => {
    const socket = await openTls(pipelock);
    socket.write(get('/events'));
    const first = await readUntil(socket, (text) => text.includes('data: 1'));
    expect(first).not.toContain('data: 2');
    release();
    const rest = await readUntil(socket, (text) => text.endsWith('0\r\n\r\n'));
    socket.destroy();
    expect(rest).toContain('data: 2');
  });

  it('of events comes one by one over HTTP/2', async () => {
    const session = await openHttp2(pipelock);
    const stream = session.request({ ':path': '/events' });
    const [first] = await once(stream, 'data');
    expect(String(first)).toBe('data: 1\n\n');
    release();
    const [second] = await once(stream, 'data');
    session.destroy();
    expect(String(second)).toBe('data: 2\n\n');
  });

  it('keeps its trailers', async () => {
    const socket = await openTls(pipelock);
    socket.write(get('/trailers'));
    const text = await readUntil(socket, (sofar) => sofar.endsWith('x-sum: 42\r\n\r\n'));
    expect(text).toContain('0\r\nx-sum: 42\r\n\r\n');
    socket.destroy();
    const session = await openHttp2(pipelock);
    const stream = session.request({ ':path': '/trailers' });
    stream.resume();
    const [trailers] = await once(stream, 'trailers');
    session.destroy();
    expect(trailers['x-sum']).toBe('42');
  });

  it('may be announced by early hints', async () => {
    const socket = await openTls(pipelock);
    socket.write(get('/hints'));
    const text = await readUntil(socket, (sofar) => sofar.includes('late'));
    socket.destroy();
    expect(text).toMatch(/^HTTP\/1\.1 103 \r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it('is as large as it is, at the pace of its reader', async () => {
    const socket = await openTls(pipelock);
    socket.write(get('/large'));
    await once(socket, 'readable');
    const text = await readUntil(socket, (sofar) => sofar.length > 8 * 1024 * 1024);
    socket.destroy();
    expect(text.length).toBeGreaterThanOrEqual(8 * 1024 * 1024);
    const session = await openHttp2(pipelock);
    const { body } = await requestHttp2(session, { ':path': '/large' });
    session.destroy();
    expect(body.length).toBe(8 * 1024 * 1024);
  });

  it.each([
    ['HEAD', 'HEAD /abc HTTP/1.1\r\nHost: open.test\r\n\r\n', 200],
    ['204', get('/none'), 204],
    ['304', get('/same'), 304],
  ])('without a body leaves the connection usable: %s', async (_name, request, status) => {
    const socket = await openTls(pipelock);
    const first = await sendRaw(socket, request);
    const second = await sendRaw(socket, get('/next'));
    socket.destroy();
    expect([first.status, first.body]).toEqual([status, '']);
    expect(second).toMatchObject({ status: 200, body: '/next' });
  });

  it("is passed on as it is where it is egress's own refusal", async () => {
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, get('/egress'));
    socket.destroy();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'ssrf' },
      body: 'The address is private.',
    });
    const session = await openHttp2(pipelock);
    const overHttp2 = await requestHttp2(session, { ':path': '/egress' });
    session.destroy();
    expect(overHttp2).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'ssrf', 'set-cookie': 'a=1,b=2' },
    });
  });

  it('loses what was meant for this hop alone', async () => {
    const socket = await openTls(pipelock);
    const { headers } = await sendRaw(socket, get('/hops'));
    socket.destroy();
    expect(headers['x-kept']).toBe('b');
    expect(headers['x-private']).toBeUndefined();
    expect(headers['keep-alive']).toBeUndefined();
  });

  it.each(['/half', '/half-chunked'])('that breaks off cannot be taken for whole: %s', async (path) => {
    const socket = await openTls(pipelock);
    socket.write(get(path));
    await readUntil(socket, (text) => text.includes('half'));
    release();
    const releasedMs = performance.now();
    expect(await readUntil(socket, () => false)).toBe('');
    expect(performance.now() - releasedMs).toBeLessThan(1000);
    await expect.poll(() => socket.destroyed || socket.readableEnded).toBe(true);
    const session = await openHttp2(pipelock);
    const stream = session.request({ ':path': path });
    await once(stream, 'data');
    release();
    const [error] = await once(stream, 'error');
    session.destroy();
    expect(String(error)).toContain('INTERNAL_ERROR');
  });
});

describe('a response that is not one', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  it.each([
    ['control: a plain one', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200],
    ['control: a chunked one', `HTTP/1.1 200 OK\r\n${chunked}`, 200],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 502],
    ['with a length and a coding', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${chunked}`, 502],
    ['with an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok', 502],
    ['with a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok', 502],
    ['with a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok', 502],
    ['of another version', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 502],
    ['with an odd status', 'HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok', 502],
    [
      'that switches protocols unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      502,
    ],
    ['with a head without end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(2000)}`, 502],
  ])('is not passed on: %s', async (_name, answer, status) => {
    await using egress = await startRawEgress(answer);
    await using pipelock = await startTestPipelock(egress.port);
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, get());
    socket.destroy();
    expect(response.status).toBe(status);
    if (status === 502) expect(response.headers['x-bottle-error']).toBe('pipelock');
  });

  it.each([
    ['says nothing and leaves', (socket: { destroy(): void }) => socket.destroy()],
    [
      'leaves in its head',
      (socket: { destroy(): void; end(text: string): void }) => socket.end('HTTP/1.1 200 OK\r\n'),
    ],
  ])('is told of at once where egress %s', async (_name, act) => {
    await using egress = await startRawEgress(act);
    await using pipelock = await startTestPipelock(egress.port);
    const socket = await openTls(pipelock);
    const startedMs = performance.now();
    const response = await sendRaw(socket, get());
    socket.destroy();
    expect(response.status).toBe(502);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});
