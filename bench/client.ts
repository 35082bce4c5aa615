// The client that the proxies' figures are measured with, the same through the bottle's proxy and straight to the
// site. A program without packages, given to bare Node as text, after a line that says what to do:
//   const input = { proxy: { host, port } | null, host, ca, protocol: 'h1' | 'h2', work };
//   work: { kind: 'latency', warmUp, count } | { kind: 'download' | 'upload', bytes }
// It prints { samples: [ms] } or { ms }.
import { request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';

/** What the line before the program says. */
export interface ClientInput {
  readonly proxy: { readonly host: string; readonly port: number } | null;
  readonly host: string;
  /** PEM of the authority to trust, or null for the one that the environment names. */
  readonly ca: string | null;
  readonly protocol: 'h1' | 'h2';
  readonly work:
    | { readonly kind: 'latency'; readonly warmUp: number; readonly count: number }
    | { readonly kind: 'download' | 'upload'; readonly bytes: number };
}

declare const input: ClientInput;

/** One exchange: sends a body of so many bytes and reads the whole answer. */
type Exchange = (path: string, bodyBytes: number) => Promise<number>;

const block = Buffer.alloc(65_536, 'Pack my box with five dozen liquor jugs, and again. ');

async function dial(): Promise<TLSSocket> {
  const tls = {
    servername: input.host,
    ALPNProtocols: [input.protocol === 'h2' ? 'h2' : 'http/1.1'],
    ...(input.ca === null ? {} : { ca: input.ca }),
  };
  const { proxy } = input;
  const socket =
    proxy === null
      ? tlsConnect({ host: input.host, port: 443, ...tls })
      : tlsConnect({ socket: await tunnel(proxy), ...tls });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

function tunnel(proxy: { readonly host: string; readonly port: number }): Promise<import('node:net').Socket> {
  const path = `${input.host}:443`;
  const connecting = httpRequest({ ...proxy, method: 'CONNECT', path, headers: { host: path } }).end();
  return new Promise((resolve, reject) => {
    connecting.once('error', reject);
    connecting.once('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket as import('node:net').Socket);
      else reject(new Error(`CONNECT answered ${String(response.statusCode)}`));
    });
  });
}

function send(stream: NodeJS.WritableStream, total: number): void {
  let left = total;
  const more = (): void => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!stream.write(part)) return void stream.once('drain', more);
    }
    stream.end();
  };
  more();
}

function drain(stream: NodeJS.ReadableStream, status: number): Promise<number> {
  if (status !== 200) return Promise.reject(new Error(`answered ${String(status)}`));
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  return new Promise((resolve, reject) => stream.once('end', () => resolve(received)).once('error', reject));
}

function overHttp1(socket: TLSSocket): Exchange {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  return (path, bodyBytes) =>
    new Promise((resolve, reject) => {
      const method = bodyBytes === 0 ? 'GET' : 'POST';
      const headers = bodyBytes === 0 ? {} : { 'content-length': bodyBytes };
      const outgoing = httpsRequest({ host: input.host, agent, method, path, headers });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => resolve(drain(response, response.statusCode ?? 0)));
      send(outgoing, bodyBytes);
    });
}

function overHttp2(socket: TLSSocket): Exchange {
  const session = http2Connect(`https://${input.host}`, { createConnection: () => socket });
  return (path, bodyBytes) =>
    new Promise((resolve, reject) => {
      const method = bodyBytes === 0 ? 'GET' : 'POST';
      const stream = session.request({ ':method': method, ':path': path }, { endStream: bodyBytes === 0 });
      stream.once('error', reject);
      stream.once('response', (headers) => resolve(drain(stream, Number(headers[':status']))));
      if (bodyBytes > 0) send(stream, bodyBytes);
    });
}

async function work(exchange: Exchange): Promise<object> {
  const asked = input.work;
  const time = async (path: string, bodyBytes: number): Promise<number> => {
    const started = performance.now();
    await exchange(path, bodyBytes);
    return performance.now() - started;
  };
  if (asked.kind !== 'latency') {
    const { kind, bytes } = asked;
    return {
      ms: await (kind === 'download' ? time(`/download?bytes=${String(bytes)}`, 0) : time('/upload', bytes)),
    };
  }
  const samples: number[] = [];
  for (let index = -asked.warmUp; index < asked.count; index += 1) {
    const took = await time('/small', 0);
    if (index >= 0) samples.push(took);
  }
  return { samples };
}

const socket = await dial();
const result = await work(input.protocol === 'h2' ? overHttp2(socket) : overHttp1(socket));
process.stdout.write(JSON.stringify(result), () => process.exit(0));
