import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import {
  isWholeResponse,
  openConnect,
  openHttp2,
  openSocket,
  openTls,
  parseResponse,
  readUntil,
  requestHttp2,
  sendRaw,
} from './support/guest.ts';
import { secret, startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

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

describe('a tunnel', () => {
  it.each([
    ['a name', 'open.test:443', 'open.test'],
    ['a name in upper case', 'OPEN.test:443', 'open.TEST'],
    ['a name below a zone', 'a.b.zone.test:443', 'a.b.zone.test'],
    ['another port', 'ported.test:8443', 'ported.test'],
    ['an address, which TLS does not name', '192.0.2.7:443', ''],
  ])('to %s has a certificate for it, and its requests go through', async (_name, authority, serverName) => {
    const socket = await openTls(pipelock, { authority, serverName });
    const certificate = socket.getPeerCertificate();
    const host = authority.replace(/:\d+$/, '').toLowerCase();
    expect(certificate.subjectaltname).toContain(host);
    const response = await sendRaw(socket, `GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    socket.destroy();
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body).url).toBe(`https://${authority.toLowerCase().replace(/:443$/, '')}/`);
  });

  it.each([
    ['another allowed host', 'narrow.test', 'narrow.test'],
    ['an unlisted host', 'evil.test', 'evil.test'],
    ['the same host behind which another is asked for', 'evil.test', 'open.test'],
    ['no host', '', 'open.test'],
  ])('whose TLS names %s answers every request with 403', async (_name, serverName, host) => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock, { serverName });
    const response = await sendRaw(socket, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'authority' } });
    expect(egress.seen.length).toBe(before);
    expect(pipelock.events('blocked').at(-1)).toMatchObject({ scanner: 'tls_authority_mismatch' });
  });

  it('that is refused says why in its first line too, since most clients show no more of it', async () => {
    const socket = await openSocket(pipelock.port);
    const response = await sendRaw(socket, 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n');
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'allowlist' } });
    expect(response.reason).toContain('evil.test is not in this bottle');
    expect(`${response.reason}\n`).toBe(response.body);
  });

  it('whose TLS names another host answers so over HTTP/2 too', async () => {
    const session = await openHttp2(pipelock, { serverName: 'narrow.test' });
    const response = await requestHttp2(session, { ':authority': 'open.test' });
    session.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'authority' } });
  });

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: open.test\r\n\r\n'],
    ['the banner of SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an old TLS greeting', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10'],
    ['a TLS record that is no greeting', '\x16\x03\x01\x00\x04\x02\x00\x00\x00'],
  ])('with %s in it is answered by a plain 403 at once', async (_name, bytes) => {
    await using patient = await startTestPipelock(egress.port, { tlsHandshakeTimeoutMs: 15_000 });
    const socket = await openConnect(patient, 'open.test:443');
    const startedMs = performance.now();
    const response = await sendRaw(socket, bytes);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'tls' } });
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it.each([
    ['nothing', ''],
    ['half a greeting', '\x16\x03\x01\x00\x80\x01\x00'],
  ])('with %s in it is answered by a plain 403 in the end', async (_name, bytes) => {
    const socket = await openConnect(pipelock, 'open.test:443');
    const response = await sendRaw(socket, bytes);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'tls' } });
  });

  it('takes a greeting that comes byte by byte', async () => {
    const socket = await openConnect(pipelock, 'open.test:443');
    const dripping = new Duplex({
      read() {
        socket.removeAllListeners('data').on('data', (bytes) => this.push(bytes));
        socket.resume();
      },
      write(bytes: Buffer, _encoding, done) {
        void (async () => {
          for (const byte of bytes.subarray(0, 600)) {
            socket.write(Buffer.from([byte]));
            await new Promise((resolve) => setImmediate(resolve));
          }
          socket.write(bytes.subarray(600), () => done());
        })();
      },
    });
    const secured = connectTls({ socket: dripping, ca: pipelock.ca, servername: 'open.test' });
    await once(secured, 'secureConnect');
    const response = await sendRaw(secured, 'GET / HTTP/1.1\r\nHost: open.test\r\n\r\n');
    socket.destroy();
    expect(response.status).toBe(200);
  });

  it('to a guest that does not trust the authority is logged, and the daemon lives on', async () => {
    const socket = await openConnect(pipelock, 'open.test:443');
    const secured = connectTls({ socket, servername: 'open.test' });
    const [error] = await once(secured, 'error');
    expect(error).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await expect.poll(() => pipelock.events('blocked').at(-1)?.scanner).toBe('tls_handshake_error');
    const next = await openTls(pipelock);
    expect((await sendRaw(next, 'GET / HTTP/1.1\r\nHost: open.test\r\n\r\n')).status).toBe(200);
    next.destroy();
  });

  it('answers the first request when it comes together with the greeting’s end', async () => {
    const socket = await openConnect(pipelock, 'open.test:443');
    const secured = connectTls({ socket, ca: pipelock.ca, servername: 'open.test' });
    secured.write('GET / HTTP/1.1\r\nHost: open.test\r\n\r\n');
    expect(parseResponse(await readUntil(secured, isWholeResponse)).status).toBe(200);
    secured.destroy();
  });
});

describe('a tunnel to a host that is listed in the clear', () => {
  it('carries requests to that host, as some clients send them', async () => {
    const socket = await openConnect(pipelock, 'plain.test:80');
    const response = await sendRaw(socket, 'GET /a HTTP/1.1\r\nHost: plain.test\r\n\r\n');
    socket.destroy();
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body).url).toBe('http://plain.test/a');
  });

  it.each([
    ['a request to another host', 'GET / HTTP/1.1\r\nHost: open.test\r\n\r\n', 'authority'],
    ['a URL of another scheme', 'GET https://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n', 'authority'],
    ['a tunnel', 'CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\n\r\n', 'http'],
    ['a known secret', `GET /?q=${encodeURIComponent(secret)} HTTP/1.1\r\nHost: plain.test\r\n\r\n`, 'dlp'],
    ['bytes of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'http'],
  ])('does not carry %s', async (_name, bytes, layer) => {
    const before = egress.seen.length;
    const socket = await openConnect(pipelock, 'plain.test:80');
    const response = await sendRaw(socket, bytes);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': layer } });
    expect(egress.seen.length).toBe(before);
  });
});
