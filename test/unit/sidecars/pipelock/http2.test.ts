import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHttp2Request } from '../../../../src/sidecars/pipelock/http/parse-http2-request.ts';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openHttp2, openTls, requestHttp2 } from './support/guest.ts';
import { startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

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

async function withSession<T>(act: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = await openHttp2(pipelock);
  try {
    return await act(session);
  } finally {
    session.destroy();
  }
}

describe('a request over HTTP/2', () => {
  it('reaches egress with its path, fields, body and joined cookies', async () => {
    const headers = { ':path': '/a?b=c', cookie: ['a=1', 'b=2'], 'x-note': 'hello' };
    const response = await withSession((session) => requestHttp2(session, headers, 'body'));
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body)).toMatchObject({
      method: 'POST',
      url: 'https://open.test/a?b=c',
      headers: { host: 'open.test', cookie: 'a=1; b=2', 'x-note': 'hello' },
      body: 'body',
    });
  });

  it('may have trailers', async () => {
    const body = await withSession(async (session) => {
      const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.end('body');
      let text = '';
      stream.on('data', (bytes) => {
        text += bytes;
      });
      await once(stream, 'end');
      return text;
    });
    expect(JSON.parse(body)).toMatchObject({ body: 'body', trailers: { 'x-sum': '42' } });
  });

  it.each([
    ['another :authority', { ':authority': 'narrow.test' }, 'authority'],
    ['an unlisted :authority', { ':authority': 'evil.test' }, 'authority'],
    ['another port', { ':authority': 'open.test:8443' }, 'authority'],
    ['a Host that is not the :authority', { host: 'evil.test' }, 'authority'],
    ['another scheme', { ':scheme': 'http' }, 'authority'],
    ['a fragment', { ':path': '/a#b' }, 'http'],
    ['a dot segment', { ':path': '/a/%2e%2e/b' }, 'http'],
    ['too long a path', { ':path': `/${'a'.repeat(3000)}` }, 'http'],
    [
      'too many fields',
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'a'])),
      'http',
    ],
    ['a method in lower case', { ':method': 'get' }, 'http'],
  ])('is refused: %s', async (_name, headers, layer) => {
    const before = egress.seen.length;
    const [response, control] = await withSession(async (session) => [
      await requestHttp2(session, headers),
      await requestHttp2(session, {}),
    ]);
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': layer } });
    expect(control?.status).toBe(200);
    expect(egress.seen.length).toBe(before + 1);
  });

  it.each([
    ['user information', { ':authority': 'a@open.test' }],
    ['a path that does not start with a slash', { ':path': 'a' }],
    ['an absolute URL for a path', { ':path': 'https://evil.test/' }],
    ['a space in the path', { ':path': '/a b' }],
  ])('is reset, as HTTP/2 itself has it: %s', async (_name, headers) => {
    const before = egress.seen.length;
    const response = await withSession((session) => requestHttp2(session, headers));
    expect(response.status).toBe(0);
    expect(egress.seen.length).toBe(before);
  });

  it('that is broken off does not reach the host whole', async () => {
    await withSession(async (session) => {
      const stream = session.request({ ':path': '/reset', ':method': 'POST' });
      stream.on('error', () => {});
      stream.write('x'.repeat(80_000));
      await expect.poll(() => egress.received().includes('x'.repeat(1000))).toBe(true);
      stream.destroy();
      await expect.poll(() => egress.seen.find(({ url }) => url.endsWith('/reset'))?.complete).toBe(false);
    });
  });

  it('that is broken off in good order does not either', async () => {
    const socket = await openTls(pipelock, { protocols: ['h2'] });
    socket.resume();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(toFrame(0x4, 0, 0, Buffer.alloc(0)));
    // POST https://open.test/ and no end of the stream.
    const block = Buffer.concat([
      Buffer.from([0x83, 0x87, 0x44, 6]),
      Buffer.from('/reset'),
      Buffer.from([0x41, 9]),
      Buffer.from('open.test'),
    ]);
    const before = egress.received().length;
    socket.write(toFrame(0x1, 0x4, 1, block));
    socket.write(toFrame(0x0, 0, 1, Buffer.from('half a body')));
    await expect.poll(() => egress.received().length - before).toBe(11);
    const seen = egress.seen.length;
    socket.write(toFrame(0x3, 0, 1, Buffer.alloc(4)));
    await expect.poll(() => egress.seen.length).toBe(seen + 1);
    socket.destroy();
    expect(egress.seen.at(-1)).toMatchObject({ url: 'https://open.test/reset', complete: false });
  });

  it('is answered side by side with others', async () => {
    const statuses = await withSession((session) =>
      Promise.all(
        Array.from(
          { length: 50 },
          async (_, index) => (await requestHttp2(session, { ':path': `/${index}` })).status,
        ),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('that is reset again and again ends the connection, not the daemon', async () => {
    const socket = await openTls(pipelock, { protocols: ['h2'] });
    const closed = once(socket, 'close');
    socket.resume();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(toFrame(0x4, 0, 0, Buffer.alloc(0)));
    // GET https://open.test/ of HPACK's static table, the authority as a literal.
    const block = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x41, 9]), Buffer.from('open.test')]);
    const startedMs = performance.now();
    for (let id = 1; id < 4000 && socket.writable; id += 2) {
      socket.write(
        Buffer.concat([toFrame(0x1, 0x5, id, block), toFrame(0x3, 0, id, Buffer.from([0, 0, 0, 8]))]),
      );
    }
    await closed;
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect((await withSession((session) => requestHttp2(session, {}))).status).toBe(200);
  });

  it('that is no HTTP/2 ends the connection, not the daemon', async () => {
    const socket = await openTls(pipelock, { protocols: ['h2'] });
    socket.write('GET / HTTP/1.1\r\nHost: open.test\r\n\r\n'.repeat(10));
    socket.resume();
    await once(socket, 'close');
    expect((await withSession((session) => requestHttp2(session, {}))).status).toBe(200);
  });
});

function toFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

describe('a header block that no client library sends', () => {
  const tunnel = { host: 'open.test', port: 443 };
  const limits = { maxUrlBytes: 1000, maxHeaderCount: 20 };
  const plain = [':method', 'GET', ':scheme', 'https', ':authority', 'open.test', ':path', '/'];

  it('is a request where it is plain', () => {
    expect(parseHttp2Request([...plain, 'te', 'trailers'], false, tunnel, limits)).toMatchObject({
      host: 'open.test',
      path: '/',
    });
  });

  it.each([
    ['Connection', ['connection', 'close']],
    ['Transfer-Encoding', ['transfer-encoding', 'chunked']],
    ['Upgrade', ['upgrade', 'websocket']],
    ['HTTP2-Settings', ['http2-settings', 'AAMAAABkAAQAAP__']],
    ['TE that is not "trailers"', ['te', 'gzip']],
    ['a line end in a value', ['x-note', 'a\r\nHost: evil.test']],
    ['a zero byte in a value', ['x-note', 'a\0b']],
    ['a name in upper case', ['X-Note', 'a']],
    ['a name with a colon', ['x-note:a', 'b']],
    ['a name with a line end', ['x-note\r\nhost', 'b']],
    ['a pseudo field twice', [':path', '/other']],
    ['the pseudo field of extended CONNECT', [':protocol', 'websocket']],
    ['two lengths', ['content-length', '1', 'content-length', '2']],
    ['two hosts that differ', ['host', 'evil.test']],
  ])('is refused: %s', (_name, fields) => {
    expect(parseHttp2Request([...plain, ...fields], true, tunnel, limits)).toMatchObject({ kind: 'refused' });
  });

  it('has its cookie in one piece again', () => {
    const crumbs = ['cookie', 'a=1', 'cookie', 'b=2'];
    expect(parseHttp2Request([...plain, ...crumbs], false, tunnel, limits)).toMatchObject({
      fields: [{ name: 'cookie', value: 'a=1; b=2' }],
    });
  });

  it('is refused without a host', () => {
    const withoutHost = [':method', 'GET', ':scheme', 'https', ':path', '/'];
    expect(parseHttp2Request(withoutHost, false, tunnel, limits)).toMatchObject({
      kind: 'refused',
      layer: 'http',
    });
    expect(parseHttp2Request([...withoutHost, 'host', 'open.test'], false, tunnel, limits)).toMatchObject({
      path: '/',
    });
  });
});
