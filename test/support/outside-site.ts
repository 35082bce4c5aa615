// Stands in for the sites of the internet that a guest may, or may not, reach: site.test, plain.test and so on.
//
// A program without packages, run by bare Node in a container of the test's own network: HTTPS (HTTP/2 and 1.1)
// on 443, HTTP on 80, a resolver on 53 (UDP and TCP), something that answers datagrams on 443. It prints one JSON object a line for each request it got, so that a test can tell a refused
// request from one that arrived.
//
// Environment: TLS_KEY and TLS_CERT (PEM), SITE_TOKEN (the credential it recognises).
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';

/** One line that the site prints. */
export interface SiteEvent {
  readonly event: 'ready' | 'request' | 'frame' | 'question';
  readonly scheme?: 'http' | 'https';
  readonly httpVersion?: string;
  readonly method?: string;
  /** With its query. */
  readonly path?: string;
  readonly host?: string;
  /** Whether a header, the query or nothing of the request held the real credential. */
  readonly credential?: 'header' | 'query' | 'absent';
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly bodyBytes?: number;
  readonly bodySha256?: string;
  /** Text of a WebSocket frame, or the name a resolver was asked for. */
  readonly text?: string;
}

const token = process.env.SITE_TOKEN ?? '';
const webSocketSalt = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Called when a guest, having read the first event of the stream, asks for the second. */
const waiting = new Map<string, () => void>();

function print(event: SiteEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function toCredential(request: IncomingMessage): 'header' | 'query' | 'absent' {
  if (token === '') return 'absent';
  const basic = Buffer.from(`bottle:${token}`).toString('base64');
  const inHeader = Object.values(request.headers).some(
    (value) => String(value).includes(token) || String(value).includes(basic),
  );
  if (inHeader) return 'header';
  const { searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  return [...searchParams.values()].includes(token) ? 'query' : 'absent';
}

/** Bytes that are the same for everyone who asks for this many. */
function* toBytes(total: number): Generator<Buffer> {
  const block = Buffer.alloc(65_536);
  for (let index = 0; index < block.length; index += 1) block[index] = (index * 31) % 251;
  for (let left = total; left > 0; left -= block.length)
    yield block.subarray(0, Math.min(left, block.length));
}

async function download(response: ServerResponse, total: number): Promise<void> {
  const hash = createHash('sha256');
  for (const bytes of toBytes(total)) hash.update(bytes);
  const length = String(total);
  response.writeHead(200, { 'content-length': length, 'x-sha256': hash.digest('hex') });
  for (const bytes of toBytes(total)) {
    if (!response.write(bytes)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

/** The second event is sent only when the first one was read: a proxy that buffers never gets there. */
async function streamEvents(response: ServerResponse, id: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: first\n\n');
  await new Promise<void>((resolve) => {
    waiting.set(id, resolve);
    response.once('close', resolve);
  });
  response.end('data: second\n\n');
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer, host: string): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  const id = searchParams.get('id') ?? '';
  if (pathname === '/events') {
    void streamEvents(response, id);
  } else if (pathname === '/events/release') {
    waiting.get(id)?.();
    response.end('released');
  } else if (pathname === '/download') {
    void download(response, Number(searchParams.get('bytes')));
  } else if (pathname === '/redirect') {
    response.writeHead(302, { location: searchParams.get('to') ?? '/' });
    response.end();
  } else {
    response.writeHead(200, { 'content-type': 'application/json', 'x-site': 'outside' });
    const sha256 = createHash('sha256').update(body).digest('hex');
    const echo = body.length <= 65_536 ? body.toString('utf8') : null;
    response.end(
      JSON.stringify({
        host,
        method: request.method,
        path: request.url,
        headers: request.headers,
        bytes: body.length,
        sha256,
        echo,
      }),
    );
  }
}

async function serve(
  scheme: 'http' | 'https',
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(request, { writable: false }).catch(() => undefined);
  const body = Buffer.concat(chunks);
  const host = String(request.headers[':authority'] ?? request.headers.host ?? '');
  print({
    event: 'request',
    scheme,
    httpVersion: request.httpVersion,
    method: request.method ?? '',
    path: request.url ?? '',
    host,
    credential: toCredential(request),
    headers: request.headers,
    bodyBytes: body.length,
    bodySha256: createHash('sha256').update(body).digest('hex'),
  });
  answer(request, response, body, host);
}

/** Echoes text frames of up to 64 KiB; closes on a close frame. Enough for a probe, not for a product. */
function echoFrames(socket: Duplex): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < 2) return;
      const opcode = pending.readUInt8(0) & 0x0f;
      const short = pending.readUInt8(1) & 0x7f;
      const offset = short === 126 ? 4 : 2;
      if (pending.length < offset + 4) return;
      const length = short === 126 ? pending.readUInt16BE(2) : short;
      const end = offset + 4 + length;
      if (pending.length < end) return;
      const mask = pending.subarray(offset, offset + 4);
      const payload = Buffer.from(pending.subarray(offset + 4, end)).map(
        (byte, index) => byte ^ (mask[index % 4] ?? 0),
      );
      pending = pending.subarray(end);
      if (opcode === 8) {
        socket.end(Buffer.from([0x88, 0]));
        return;
      }
      const text = Buffer.from(payload).toString('utf8');
      print({ event: 'frame', text });
      const head =
        length < 126 ? Buffer.from([0x81, length]) : Buffer.from([0x81, 126, length >> 8, length & 0xff]);
      socket.write(Buffer.concat([head, payload]));
    }
  });
}

function upgrade(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}${webSocketSalt}`)
    .digest('base64');
  print({
    event: 'request',
    method: 'GET',
    path: request.url ?? '',
    host: String(request.headers.host),
    credential: toCredential(request),
  });
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  echoFrames(socket);
}

/** Records the name that a DNS query asks for, and answers that it has no address. */
function answerQuestion(query: Buffer): Buffer {
  const labels: string[] = [];
  for (let offset = 12; offset < query.length; ) {
    const length = query.readUInt8(offset);
    if (length === 0) break;
    labels.push(query.subarray(offset + 1, offset + 1 + length).toString('latin1'));
    offset += 1 + length;
  }
  print({ event: 'question', text: labels.join('.') });
  const reply = Buffer.from(query);
  reply.writeUInt8(0x81, 2);
  reply.writeUInt8(0x80, 3);
  return reply;
}

function listenForDatagrams(port: number, toReply: (message: Buffer) => Buffer): void {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => socket.send(toReply(message), from.port, from.address));
  socket.bind(port);
}

function listenForQuestions(): void {
  createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      const reply = answerQuestion(bytes.subarray(2));
      socket.end(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]));
    });
  }).listen(53);
}

const plain = createServer((request, response) => void serve('http', request, response));
const secure = createSecureServer(
  { key: process.env.TLS_KEY, cert: process.env.TLS_CERT, allowHTTP1: true },
  (request, response) =>
    void serve('https', request as unknown as IncomingMessage, response as unknown as ServerResponse),
);
plain.on('upgrade', upgrade);
secure.on('upgrade', upgrade);
listenForDatagrams(53, answerQuestion);
listenForDatagrams(443, (message) => message);
listenForQuestions();
plain.listen(80, () => secure.listen(443, () => print({ event: 'ready' })));
process.on('SIGTERM', () => process.exit(0));
