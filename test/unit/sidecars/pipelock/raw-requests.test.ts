import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openSocket, openTls, sendRaw } from './support/guest.ts';
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

const host = 'Host: open.test\r\n';

/** Every case is a whole request inside a tunnel to open.test, which allows everything. */
const allowed: Readonly<Record<string, string>> = {
  'a plain GET': `GET / HTTP/1.1\r\n${host}\r\n`,
  'a host in upper case': 'GET / HTTP/1.1\r\nHost: OPEN.test\r\n\r\n',
  "a host with the scheme's own port": 'GET / HTTP/1.1\r\nHost: open.test:443\r\n\r\n',
  'HTTP/1.0 without a host': 'GET / HTTP/1.0\r\n\r\n',
  'a body with a length': `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`,
  'a chunked body': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'a chunk with a short extension': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n`,
  'trailers behind a chunked body': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n`,
  'an absolute URL of the same host': `GET https://open.test/a HTTP/1.1\r\n${host}\r\n`,
  'a value with bytes beyond ASCII': `GET / HTTP/1.1\r\n${host}X-Name: caf\xe9\r\n\r\n`,
  'an empty value': `GET / HTTP/1.1\r\n${host}X-Empty:\r\n\r\n`,
  'an encoded slash': `GET /@scope%2fname HTTP/1.1\r\n${host}\r\n`,
};

const refused: Readonly<Record<string, readonly [layer: string, request: string]>> = {
  'Content-Length beside Transfer-Encoding': [
    'http',
    `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  'two lengths that differ': [
    'http',
    `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  ],
  'two lengths that agree': [
    'http',
    `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  ],
  'a list of lengths': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: 5, 5\r\n\r\nhello`],
  'a length with a sign': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello`],
  'a length with a zero in front': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: 05\r\n\r\nhello`],
  'a hexadecimal length': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: 0x5\r\n\r\nhello`],
  'a negative length': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`],
  'a length beyond counting': [
    'http',
    `POST / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`,
  ],
  'an empty length': ['http', `POST / HTTP/1.1\r\n${host}Content-Length:\r\n\r\n`],
  'an unknown coding': ['http', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n`],
  'a coding in front of chunked': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  'chunked twice': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  'chunked behind a vertical tab': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  ],
  'chunked in HTTP/1.0': ['http', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  'a bare line feed behind the first line': ['http', `GET / HTTP/1.1\n${host}\r\n`],
  'a bare line feed among the fields': ['http', `GET / HTTP/1.1\r\n${host}X-A: b\nX-B: c\r\n\r\n`],
  'a bare carriage return': ['http', `GET / HTTP/1.1\r\n${host}X-A: b\rX-B: c\r\n\r\n`],
  'a folded line': ['http', `GET / HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`],
  'a folded line first': ['http', `GET / HTTP/1.1\r\n X-A: b\r\n${host}\r\n`],
  'a space before the colon': ['http', `GET / HTTP/1.1\r\n${host}X-A : b\r\n\r\n`],
  'a name that is no token': ['http', `GET / HTTP/1.1\r\n${host}X(A): b\r\n\r\n`],
  'no name at all': ['http', `GET / HTTP/1.1\r\n${host}: b\r\n\r\n`],
  'a line without a colon': ['http', `GET / HTTP/1.1\r\n${host}hello\r\n\r\n`],
  'a zero byte in a value': ['http', `GET / HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`],
  'an escape character in a value': ['http', `GET / HTTP/1.1\r\n${host}X-A: \x1b[2J\r\n\r\n`],
  'no host': ['http', 'GET / HTTP/1.1\r\nX-A: b\r\n\r\n'],
  'an empty host': ['http', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  'two hosts': ['http', `GET / HTTP/1.1\r\n${host}${host}\r\n`],
  'a host with user information': ['http', 'GET / HTTP/1.1\r\nHost: open.test@evil.test\r\n\r\n'],
  'a host with a trailing dot': ['http', 'GET / HTTP/1.1\r\nHost: open.test.\r\n\r\n'],
  'a host beyond ASCII': ['http', 'GET / HTTP/1.1\r\nHost: \xf6pen.test\r\n\r\n'],
  'a host with an odd port': ['http', 'GET / HTTP/1.1\r\nHost: open.test:0443\r\n\r\n'],
  'a host with a path': ['http', 'GET / HTTP/1.1\r\nHost: open.test/evil\r\n\r\n'],
  'another host': ['authority', 'GET / HTTP/1.1\r\nHost: narrow.test\r\n\r\n'],
  'another port': ['authority', 'GET / HTTP/1.1\r\nHost: open.test:8443\r\n\r\n'],
  'an absolute URL of another host': ['authority', `GET https://narrow.test/ HTTP/1.1\r\n${host}\r\n`],
  'an absolute URL of another scheme': ['authority', `GET http://open.test/ HTTP/1.1\r\n${host}\r\n`],
  'an absolute URL with user information': ['http', `GET https://a@open.test/ HTTP/1.1\r\n${host}\r\n`],
  'a URL of another kind': ['http', `GET ftp://open.test/ HTTP/1.1\r\n${host}\r\n`],
  'a fragment': ['http', `GET /#a HTTP/1.1\r\n${host}\r\n`],
  'a target beyond ASCII': ['http', `GET /caf\xe9 HTTP/1.1\r\n${host}\r\n`],
  'a target with a quote': ['http', `GET /a"b HTTP/1.1\r\n${host}\r\n`],
  'an asterisk for a target': ['http', `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
  'a tunnel in the tunnel': ['http', `CONNECT open.test:443 HTTP/1.1\r\n${host}\r\n`],
  'HTTP/0.9': ['http', 'GET /\r\n'],
  'HTTP/2 in the clear': ['http', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'an unknown version': ['http', `GET / HTTP/1.2\r\n${host}\r\n`],
  'two spaces in the first line': ['http', `GET  / HTTP/1.1\r\n${host}\r\n`],
  'a space behind the first line': ['http', `GET / HTTP/1.1 \r\n${host}\r\n`],
  'a method in lower case': ['http', `get / HTTP/1.1\r\n${host}\r\n`],
  'an empty line first': ['http', `\r\nGET / HTTP/1.1\r\n${host}\r\n`],
  'an upgrade to HTTP/2': ['http', `GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`],
  'HTTP2-Settings': ['http', `GET / HTTP/1.1\r\n${host}HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`],
  'an upgrade to HTTP/2 behind that to a WebSocket': [
    'http',
    `GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket, h2c\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  ],
  'an upgrade that Connection does not name': ['http', `GET / HTTP/1.1\r\n${host}Upgrade: websocket\r\n\r\n`],
  'a Connection that names another field': [
    'http',
    `GET / HTTP/1.1\r\n${host}Connection: close, Authorization\r\n\r\n`,
  ],
  'another expectation': ['http', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nExpect: magic\r\n\r\na`],
  'too many fields': ['http', `GET / HTTP/1.1\r\n${host}${'X-A: b\r\n'.repeat(60)}\r\n`],
  'too large a head': ['http', `GET / HTTP/1.1\r\n${host}X-A: ${'b'.repeat(20_000)}\r\n\r\n`],
  'too long a URL': ['http', `GET /${'a'.repeat(3000)} HTTP/1.1\r\n${host}\r\n`],
  'too long a URL without an end': ['http', `GET /${'a'.repeat(3000)}`],
  'a dot segment': ['http', `GET /a/../b HTTP/1.1\r\n${host}\r\n`],
  'an encoded dot segment': ['http', `GET /a/%2e%2e/b HTTP/1.1\r\n${host}\r\n`],
  'a dot segment with a parameter': ['http', `GET /a/..;x/b HTTP/1.1\r\n${host}\r\n`],
  'a dot segment behind an encoded slash': ['http', `GET /a%2f../b HTTP/1.1\r\n${host}\r\n`],
  'a dot segment that is encoded twice': ['http', `GET /a/%252e%252e/b HTTP/1.1\r\n${host}\r\n`],
  'a backslash in the path': ['http', `GET /a\\..\\b HTTP/1.1\r\n${host}\r\n`],
  'a chunk size with a sign': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n`,
  ],
  'a chunk size with a prefix': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
  ],
  'a chunk size with a space': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`,
  ],
  'a chunk size behind a bare line feed': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
  ],
  'a chunk longer than its size': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`,
  ],
  'a chunk extension without an end': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5;${'a'.repeat(400)}`,
  ],
  'trailers without an end': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n${'X-A: b\r\n'.repeat(60)}`,
  ],
  'a trailer that changes the framing': [
    'http',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n`,
  ],
};

describe('a raw request inside a tunnel', () => {
  it.each(Object.entries(allowed))('passes: %s', async (_name, request) => {
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, request);
    socket.destroy();
    expect(response).toMatchObject({ status: 200 });
    expect(response.headers['x-bottle-block']).toBeUndefined();
  });

  it.each(Object.entries(refused))('is refused: %s', async (_name, [layer, request]) => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock);
    const startedMs = performance.now();
    const response = await sendRaw(socket, request);
    const elapsedMs = performance.now() - startedMs;
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': layer } });
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect(response.body).toMatch(/^This request was refused because .+\.\n$/);
    expect(elapsedMs).toBeLessThan(1000);
    expect(egress.seen.length).toBe(before);
  });
});

describe('the proxy itself', () => {
  const own: Readonly<Record<string, readonly [status: number, layer: string | undefined, request: string]>> =
    {
      'an absolute URL in the clear': [
        200,
        undefined,
        'GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n\r\n',
      ],
      'an absolute https URL': [
        200,
        undefined,
        'GET https://open.test/a HTTP/1.1\r\nHost: open.test\r\n\r\n',
      ],
      'its health': [200, undefined, 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
      'another path of its own': [403, 'http', 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
      'a spoofed host on a path of its own': [403, 'http', 'GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n'],
      'a Host that is not the one of the URL': [
        403,
        'authority',
        'GET http://plain.test/ HTTP/1.1\r\nHost: open.test\r\n\r\n',
      ],
      'an unlisted address with the Host of a listed one': [
        403,
        'authority',
        'GET http://192.0.2.9/ HTTP/1.1\r\nHost: plain.test\r\n\r\n',
      ],
      'an unlisted host': [403, 'allowlist', 'GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n'],
      'a listed host in the clear that is only listed for TLS': [
        403,
        'allowlist',
        'GET http://open.test/ HTTP/1.1\r\nHost: open.test\r\n\r\n',
      ],
      'a look-alike of a listed host': [
        403,
        'allowlist',
        'GET http://plain.test.evil.test/ HTTP/1.1\r\nHost: plain.test.evil.test\r\n\r\n',
      ],
      'TLS where HTTP belongs': [403, 'http', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'],
      'a CONNECT to an unlisted host': [
        403,
        'allowlist',
        'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n',
      ],
      'a CONNECT to another port': [
        403,
        'allowlist',
        'CONNECT open.test:22 HTTP/1.1\r\nHost: open.test:22\r\n\r\n',
      ],
      'a CONNECT to a host that is listed in the clear': [
        200,
        undefined,
        'CONNECT plain.test:80 HTTP/1.1\r\nHost: plain.test:80\r\n\r\n',
      ],
      'a CONNECT in the clear to a host that is listed for https': [
        403,
        'allowlist',
        'CONNECT open.test:80 HTTP/1.1\r\nHost: open.test:80\r\n\r\n',
      ],
      'a CONNECT to an unlisted address': [
        403,
        'allowlist',
        'CONNECT 192.0.2.9:443 HTTP/1.1\r\nHost: 192.0.2.9:443\r\n\r\n',
      ],
      'a CONNECT to the apex of a zone': [
        403,
        'allowlist',
        'CONNECT zone.test:443 HTTP/1.1\r\nHost: zone.test:443\r\n\r\n',
      ],
      'a CONNECT to a name below a zone': [
        200,
        undefined,
        'CONNECT a.zone.test:443 HTTP/1.1\r\nHost: a.zone.test:443\r\n\r\n',
      ],
      'a CONNECT to an address in another spelling': [
        403,
        'http',
        'CONNECT 0xc0000207:443 HTTP/1.1\r\nHost: 0xc0000207:443\r\n\r\n',
      ],
      'a CONNECT with user information': [
        403,
        'http',
        'CONNECT a@open.test:443 HTTP/1.1\r\nHost: open.test:443\r\n\r\n',
      ],
      'a CONNECT without a port': [403, 'http', 'CONNECT open.test HTTP/1.1\r\nHost: open.test\r\n\r\n'],
      'a CONNECT whose Host is another': [
        403,
        'authority',
        'CONNECT open.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n',
      ],
      'a CONNECT with a body': [
        403,
        'http',
        'CONNECT open.test:443 HTTP/1.1\r\nHost: open.test:443\r\nContent-Length: 5\r\n\r\nhello',
      ],
      'a CONNECT of HTTP/1.0 without a Host': [200, undefined, 'CONNECT open.test:443 HTTP/1.0\r\n\r\n'],
    };

  it.each(Object.entries(own))('is asked: %s', async (_name, [status, layer, request]) => {
    const socket = await openSocket(pipelock.port);
    const response = await sendRaw(socket, request);
    socket.destroy();
    expect(response.status).toBe(status);
    expect(response.headers['x-bottle-block']).toBe(layer);
  });
});
