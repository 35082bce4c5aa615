import { once } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createPlainServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestCertificate } from '../../../support/test-certificates.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A host that egress talks to: real TLS, counting its connections. */
export interface TestUpstream extends AsyncDisposable {
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Requests answered so far. */
  readonly requests: () => number;
  readonly server: Server;
  /** Ends every open connection. */
  dropConnections(): void;
}

export interface UpstreamOptions {
  readonly certificate: TestCertificate | null;
  /** `h2`: offers both, as hosts do. */
  readonly protocol: 'http/1.1' | 'h2';
  readonly handler: Handler;
  readonly address?: string;
}

/** Starts a host on loopback. */
export async function startUpstream(options: UpstreamOptions): Promise<TestUpstream> {
  let connections = 0;
  let requests = 0;
  const sockets = new Set<Socket>();
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    requests += 1;
    options.handler(request, response);
  };
  const server = createTestServer(options, handler);
  server.on(options.certificate === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, options.address ?? '127.0.0.1');
  await once(server, 'listening');
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    requests: () => requests,
    server,
    dropConnections,
    async [Symbol.asyncDispose]() {
      server.close();
      dropConnections();
    },
  };
}

function createTestServer({ certificate, protocol }: UpstreamOptions, handler: Handler): Server {
  if (certificate === null) return createPlainServer(handler);
  if (protocol === 'http/1.1') return createHttpsServer({ ...certificate }, handler) as HttpServer;
  return createSecureServer(
    { ...certificate, allowHTTP1: true },
    handler as unknown as Parameters<typeof createSecureServer>[1],
  );
}
