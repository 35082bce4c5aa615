import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { LeafContexts } from './certificates/leaf-contexts.ts';
import { createHttp1Answer } from './connection/http1-answer.ts';
import { endGracefully } from './connection/linger.ts';
import { openTunnel } from './connection/open-tunnel.ts';
import { serveHttp1 } from './connection/serve-http1.ts';
import { answerRefusal } from './exchange/answer-refusal.ts';
import type { ExchangeContext } from './exchange/exchange-context.ts';
import { refuseMalformed } from './exchange/refusal.ts';
import { logBlocked } from './exchange/request-log.ts';
import { answerLocal } from './health.ts';
import { createByteSource } from './streams/byte-source.ts';

export interface ProxyServer {
  /** The bound port. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts the proxy that faces the guest.
 * @throws Error when the address cannot be bound
 */
export async function startProxyServer(
  listen: { readonly address: string; readonly port: number },
  context: ExchangeContext,
  leaves: LeafContexts,
): Promise<ProxyServer> {
  const open = new Set<Socket>();
  // Half-open: a guest that has said all it has to say still wants its answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Stays on: an error later, with nobody listening, would end the daemon.
    socket.on('error', () => socket.destroy());
    if (open.size > context.limits.maxConnections) void refuseConnection(socket, context);
    else void serveConnection(socket, context, leaves);
  });
  server.listen(listen.port, listen.address);
  await once(server, 'listening');
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : listen.port,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function serveConnection(
  socket: Socket,
  context: ExchangeContext,
  leaves: LeafContexts,
): Promise<void> {
  const source = createByteSource(socket);
  const { passage, close } = context.policy.open();
  passage.carry(socket);
  socket.once('close', close);
  const connection = {
    socket,
    source,
    passage,
    clientIp: socket.remoteAddress ?? '',
    tunnel: null,
    tunnelRefusal: null,
  };
  await serveHttp1(connection, context, {
    connect: (parsed, answer) => openTunnel(parsed, connection, answer, context, leaves),
    local: (parsed, answer) => answerLocal(parsed, answer, connection.clientIp, context),
  });
}

/** SECURITY: a guest that opens connections without end takes no more than their number's worth of memory. */
async function refuseConnection(
  socket: Socket,
  { limits, log, nextRequestId }: ExchangeContext,
): Promise<void> {
  const source = createByteSource(socket);
  const { idleTimeoutMs, maxConnections } = limits;
  const refusal = refuseMalformed(`more than ${maxConnections} connections are open`);
  logBlocked(
    log,
    { method: '', url: '', clientIp: socket.remoteAddress ?? '', requestId: nextRequestId() },
    refusal,
  );
  answerRefusal(
    createHttp1Answer({ socket, source, version: '1.1', keepAlive: false, idleTimeoutMs }),
    refusal,
    '',
  );
  await endGracefully(socket, source);
}
