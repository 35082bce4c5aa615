import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { TestPipelock } from './running-pipelock.ts';

/** What a guest knows of its proxy. */
export type Proxy = Pick<TestPipelock, 'port' | 'ca'>;

/** One HTTP/1 response as the guest reads it. */
export interface GuestResponse {
  readonly status: number;
  /** Empty over HTTP/2, which has none. */
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** Reads until the stream ends or `isWhole` is satisfied. */
export async function readUntil(stream: Duplex, isWhole: (text: string) => boolean): Promise<string> {
  let text = '';
  return await new Promise((resolve) => {
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (isWhole(text)) finish();
    };
    const finish = (): void => {
      stream.off('data', onData).off('end', finish).off('close', finish).off('error', finish);
      stream.pause();
      resolve(text);
    };
    stream.on('data', onData).on('end', finish).on('close', finish).on('error', finish);
    stream.resume();
  });
}

/** Whether a text holds one whole response. */
export function isWholeResponse(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return /^transfer-encoding: chunked/im.test(text.slice(0, end))
    ? /\r\n0\r\n(?:.+\r\n)*\r\n$/.test(text)
    : true;
}

export function parseResponse(text: string): GuestResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const raw = text.slice(end + 4);
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(raw) : raw;
  const [, status = '0', ...reason] = statusLine.split(' ');
  return { status: Number(status), reason: reason.join(' '), headers, body };
}

function unchunk(raw: string): string {
  let body = '';
  let at = 0;
  for (;;) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.slice(at, end), 16);
    if (!(size > 0)) return body;
    body += raw.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

/** Sends bytes as they are and reads one response. */
export async function sendRaw(stream: Duplex, bytes: string | Buffer): Promise<GuestResponse> {
  stream.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return parseResponse(await readUntil(stream, isWholeResponse));
}

export interface TunnelOptions {
  /** What CONNECT asks for. */
  readonly authority?: string;
  /** The name in the TLS greeting; empty for none. */
  readonly serverName?: string;
  readonly protocols?: readonly string[];
}

/** Opens a tunnel and TLS in it, trusting the bottle's authority alone. */
export async function openTls(pipelock: Proxy, options: TunnelOptions = {}): Promise<TLSSocket> {
  const { authority = 'open.test:443', protocols = ['http/1.1'] } = options;
  const serverName = options.serverName ?? authority.replace(/:\d+$/, '');
  const socket = await openConnect(pipelock, authority);
  const secured = connectTls({
    socket,
    ca: pipelock.ca,
    servername: serverName,
    ALPNProtocols: [...protocols],
    ...(serverName === '' ? { checkServerIdentity: () => undefined } : {}),
  });
  secured.on('error', () => {});
  await once(secured, 'secureConnect');
  return secured;
}

/** Sends CONNECT and returns the connection behind its 200. */
export async function openConnect(pipelock: Proxy, authority: string): Promise<Socket> {
  const socket = await openSocket(pipelock.port);
  const response = await sendRaw(socket, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  if (response.status !== 200) throw new Error(`CONNECT got ${response.status}: ${response.body}`);
  return socket;
}

export async function openHttp2(pipelock: Proxy, options: TunnelOptions = {}): Promise<ClientHttp2Session> {
  const secured = await openTls(pipelock, { ...options, protocols: ['h2'] });
  const session = connectHttp2('https://open.test', { createConnection: () => secured });
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** One request over HTTP/2. */
export async function requestHttp2(
  session: ClientHttp2Session,
  headers: Record<string, string | string[]>,
  body: Buffer | string | null = null,
): Promise<GuestResponse> {
  const stream = session.request(
    { ':method': body === null ? 'GET' : 'POST', ':path': '/', ...headers },
    { endStream: body === null },
  );
  stream.on('error', () => {});
  if (body !== null) stream.end(body);
  const received: Record<string, string> = {};
  stream.on('response', (fields) => {
    for (const [name, value] of Object.entries(fields)) received[name] = String(value);
  });
  let text = '';
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  await new Promise((resolve) => stream.once('close', resolve));
  return { reason: '', status: Number(received[':status'] ?? 0), headers: received, body: text };
}
