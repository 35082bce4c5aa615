import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What egress was asked, once the request's body ended or broke. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly complete: boolean;
  readonly trailers: IncomingMessage['trailers'];
}

export interface FakeEgress extends AsyncDisposable {
  readonly port: number;
  /** Everything that arrived, also of requests that broke off. */
  readonly seen: SeenRequest[];
  /** All bytes of all bodies so far, complete or not. */
  received(): Buffer;
}

export type Responder = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server that stands where egress does; by default it answers with what it was asked, as JSON. */
export async function startFakeEgress(
  respond: Responder = echo,
  onUpgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | null = null,
): Promise<FakeEgress> {
  const seen: SeenRequest[] = [];
  const chunks: Buffer[] = [];
  const server: Server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (bytes: Buffer) => {
      body.push(bytes);
      chunks.push(bytes);
    });
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      const { method = '', url = '', headers, complete, trailers } = request;
      const record = { method, url, headers, body: Buffer.concat(body), complete, trailers };
      seen.push(record);
      if (complete) respond(record, response);
    };
    request
      .on('end', tell)
      .on('close', tell)
      .on('error', () => {});
  });
  if (onUpgrade !== null) server.on('upgrade', onUpgrade);
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    seen,
    received: () => Buffer.concat(chunks),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers every connection with the bytes it is given, after the head of a request came. */
export async function startRawEgress(answer: string | ((socket: Socket) => void)): Promise<FakeEgress> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (bytes) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      if (typeof answer === 'string') socket.write(answer, 'latin1');
      else answer(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    seen: [],
    received: () => Buffer.alloc(0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function echo({ method, url, headers, body, trailers }: SeenRequest, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method, url, headers, body: body.toString('latin1'), trailers }));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
