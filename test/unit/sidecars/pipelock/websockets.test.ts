import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type FakeEgress, startFakeEgress, startRawEgress } from './support/fake-egress.ts';
import { openTls, readUntil, sendRaw } from './support/guest.ts';
import { secret, startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

let egress: FakeEgress;
let pipelock: TestPipelock;
const offered: (string | undefined)[] = [];
const received: Buffer[] = [];
/** Every byte the host's side got behind the handshake, masked as it came. */
let wire = Buffer.alloc(0);

beforeAll(async () => {
  const server = new WebSocketServer({ noServer: true });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer, isBinary) => {
      received.push(data);
      socket.send(data, { binary: isBinary });
    });
  });
  egress = await startFakeEgress(undefined, (request: IncomingMessage, socket, head) => {
    offered.push(request.headers['sec-websocket-extensions']);
    socket.on('data', (bytes: Buffer) => {
      wire = Buffer.concat([wire, bytes]);
    });
    server.handleUpgrade(request, socket, head, (accepted) => server.emit('connection', accepted, request));
  });
  pipelock = await startTestPipelock(egress.port);
});

afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

async function openWebSocket(): Promise<WebSocket> {
  const tunnel = await openTls(pipelock);
  const socket = new WebSocket('wss://open.test/socket', {
    createConnection: () => tunnel,
    perMessageDeflate: true,
  });
  await once(socket, 'open');
  return socket;
}

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const handshake = (extra = ''): string =>
  `GET /socket HTTP/1.1\r\nHost: open.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${extra}\r\n`;

function toFrame(
  first: number,
  payload: Buffer | string,
  { masked = true, length }: { masked?: boolean; length?: number } = {},
): Buffer {
  const plain = Buffer.from(payload);
  const mask = Buffer.from([1, 2, 3, 4]);
  const bytes = masked ? plain.map((byte, index) => byte ^ (mask[index & 3] ?? 0)) : plain;
  const size = Buffer.from([first, (masked ? 0x80 : 0) | (length ?? plain.length)]);
  return Buffer.concat([size, masked ? mask : Buffer.alloc(0), bytes]);
}

/** What the guest gets for frames it sends as they are: the code of a close frame, or the echo. */
async function sendFrames(...frames: Buffer[]): Promise<{ closeCode: number | null; text: string }> {
  const socket = await openTls(pipelock);
  socket.write(handshake());
  await readUntil(socket, (text) => text.endsWith('\r\n\r\n'));
  for (const frame of frames) socket.write(frame);
  const answer = Buffer.from(await readUntil(socket, (text) => text.length >= 2), 'latin1');
  socket.destroy();
  return { closeCode: answer[0] === 0x88 ? answer.readUInt16BE(2) : null, text: answer.toString('latin1') };
}

describe('a WebSocket', () => {
  it('carries text and binary messages both ways, without an extension', async () => {
    const socket = await openWebSocket();
    for (const message of ['hello', Buffer.from([0, 1, 255]), 'x'.repeat(70_000)]) {
      socket.send(message);
      const [echo, isBinary] = await once(socket, 'message');
      expect(Buffer.from(message).equals(echo)).toBe(true);
      expect(isBinary).toBe(typeof message !== 'string');
    }
    socket.close(1000, 'bye');
    const [code] = await once(socket, 'close');
    expect(code).toBe(1000);
    expect(offered.at(-1)).toBeUndefined();
    expect(socket.extensions).toBe('');
    await expect.poll(() => pipelock.events('forward_http').at(-1)?.status_code).toBe(101);
  });

  it.each([
    ['in a text message', (socket: WebSocket) => socket.send(`a ${secret} b`)],
    ['in a binary message', (socket: WebSocket) => socket.send(Buffer.from(`a ${secret} b`))],
    ['in base64', (socket: WebSocket) => socket.send(Buffer.from(`a ${secret}`).toString('base64'))],
    [
      'across fragments',
      (socket: WebSocket) => {
        socket.send(secret.slice(0, 9), { fin: false });
        socket.send(secret.slice(9, 15), { fin: false });
        socket.send(secret.slice(15), { fin: true });
      },
    ],
    [
      'across fragments with a ping between them',
      (socket: WebSocket) => {
        socket.send(secret.slice(0, 9), { fin: false });
        socket.ping('hello');
        socket.send(secret.slice(9), { fin: true });
      },
    ],
    [
      'across messages',
      (socket: WebSocket) => {
        socket.send(secret.slice(0, 12));
        socket.send(secret.slice(12));
      },
    ],
    ['in a ping', (socket: WebSocket) => socket.ping(secret)],
    ['in the reason of a close', (socket: WebSocket) => socket.close(1000, secret)],
  ])('that carries a known secret is closed before it leaves: %s', async (_name, send) => {
    const socket = await openWebSocket();
    const closed = once(socket, 'close');
    wire = Buffer.alloc(0);
    received.length = 0;
    send(socket);
    const [code, reason] = await closed;
    expect(Buffer.concat(received).includes(secret)).toBe(false);
    expect(wire.length).toBeLessThan(60);
    expect(pipelock.events('blocked').at(-1)).toMatchObject({ layer: 'dlp', scanner: 'body_dlp' });
    // A guest that closes by itself does not wait for our code.
    if (!_name.includes('close'))
      expect([code, String(reason)]).toEqual([1008, expect.stringContaining('bottle (dlp)')]);
  });

  it.each([
    ['control: a plain text', toFrame(0x81, 'hello'), null],
    ['a reserved bit', toFrame(0xc1, 'hello'), 1008],
    ['an unknown kind', toFrame(0x83, 'hello'), 1008],
    ['a frame without a mask', toFrame(0x81, 'hello', { masked: false }), 1008],
    ['a control frame in pieces', toFrame(0x09, 'hello'), 1008],
    [
      'a control frame that is too long',
      Buffer.concat([Buffer.from([0x89, 0xfe, 0, 200, 1, 2, 3, 4]), Buffer.alloc(200)]),
      1008,
    ],
    ['a continuation of nothing', toFrame(0x80, 'hello'), 1008],
    ['a message inside a message', Buffer.concat([toFrame(0x01, 'a'), toFrame(0x81, 'b')]), 1008],
    [
      'a length that is not the shortest',
      Buffer.concat([Buffer.from([0x81, 0xfe, 0, 5, 1, 2, 3, 4]), Buffer.alloc(5)]),
      1008,
    ],
    ['a message that is too large', Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), 1008],
  ])('is closed on %s', async (_name, frame, code) => {
    expect((await sendFrames(frame)).closeCode).toBe(code);
  });

  it('takes frames that come byte by byte', async () => {
    const frames = Buffer.concat([toFrame(0x01, 'hel'), toFrame(0x80, 'lo')]);
    const { text } = await sendFrames(...[...frames].map((byte) => Buffer.from([byte])));
    expect(text).toContain('hello');
  });

  it.each([
    ['of another version', handshake().replace('Version: 13', 'Version: 8')],
    ['without a key', handshake().replace(/Sec-WebSocket-Key: .*\r\n/, '')],
    ['with a malformed key', handshake().replace(key, 'short')],
    ['that is no GET', handshake().replace('GET', 'POST')],
  ])('is refused in its handshake: one %s', async (_name, request) => {
    const socket = await openTls(pipelock);
    const response = await sendRaw(socket, request);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'http' } });
  });

  it.each([
    ['another key', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    [
      'an extension',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate',
    ],
  ])('is not opened where the host answers for %s', async (_name, lines) => {
    await using raw = await startRawEgress(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines}\r\n\r\n`,
    );
    await using own = await startTestPipelock(raw.port);
    const socket = await openTls(own);
    const response = await sendRaw(socket, handshake());
    socket.destroy();
    expect(response.status).toBe(502);
  });

  it('that the host does not want gets the answer of the host', async () => {
    await using raw = await startRawEgress('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    await using own = await startTestPipelock(raw.port);
    const socket = await openTls(own);
    expect(await sendRaw(socket, handshake())).toMatchObject({ status: 426, body: 'no' });
    socket.destroy();
  });
});
