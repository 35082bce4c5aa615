import type { Socket } from 'node:net';
import { parseHostName } from '../../../policy/host-pattern.ts';
import type { LeafContexts } from '../certificates/leaf-contexts.ts';
import { answerRefusal } from '../exchange/answer-refusal.ts';
import { decideTunnel } from '../exchange/decide.ts';
import type { ExchangeContext } from '../exchange/exchange-context.ts';
import { type Refusal, refuseAuthority, refuseTunnel } from '../exchange/refusal.ts';
import { withTool } from '../exchange/refusal-tools.ts';
import { logBlocked, type RequestRecord } from '../exchange/request-log.ts';
import { toUrlHost } from '../http/authority.ts';
import { isGone } from '../http/body-reader.ts';
import type { Passage } from '../policy/passage.ts';
import { type ByteSource, createByteSource } from '../streams/byte-source.ts';
import { parseClientHello } from '../tls/client-hello.ts';
import { startTls } from '../tls/start-tls.ts';
import { createHttp1Answer, type Http1Answer } from './http1-answer.ts';
import { endGracefully } from './linger.ts';
import { serveHttp1 } from './serve-http1.ts';

export interface TunnelRequest {
  readonly host: string;
  readonly port: number;
}

/** The guest's connection that asks for a tunnel. */
export interface TunnelConnection {
  readonly socket: Socket;
  readonly source: ByteSource;
  readonly clientIp: string;
  readonly passage: Passage;
}

/**
 * Decides on a tunnel, ends the TLS in it where there is to be one, and serves what is inside. Resolves to false when the answer was a refusal and the
 * connection is still the caller's. Never rejects.
 */
export async function openTunnel(
  request: TunnelRequest,
  connection: TunnelConnection,
  answer: Http1Answer,
  context: ExchangeContext,
  leaves: LeafContexts,
): Promise<boolean> {
  const { host, port } = request;
  const { socket, source, clientIp, passage } = connection;
  const record = toRecord(request, clientIp, context);
  // SECURITY: a host that no rule names gets no tunnel, so there is nothing to be said inside one.
  const scheme = decideTunnel(host, port, context.policy.current);
  if (typeof scheme !== 'string') {
    const refusal = withTool(scheme, context.tools);
    logBlocked(context.log, record, refusal);
    answerRefusal(answer, refusal, 'CONNECT');
    return false;
  }
  passage.enterTunnel({ scheme, host, port });
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (scheme === 'http') {
    // SECURITY: what is inside is read and decided like any request of that host; other bytes are a malformed one.
    const tunnel = { scheme, host, port };
    const plain = { clientIp, tunnel, tunnelRefusal: null, passage, socket, source };
    await serveHttp1(plain, context, null);
    return true;
  }
  const hello = await readClientHello(source, context.limits.tlsHandshakeTimeoutMs);
  if (hello === null) {
    await endGracefully(socket, source);
    return true;
  }
  if (hello.kind === 'refused') {
    logBlocked(context.log, record, hello);
    const { idleTimeoutMs } = context.limits;
    answerRefusal(
      createHttp1Answer({ socket, source, version: '1.1', keepAlive: false, idleTimeoutMs }),
      hello,
      'GET',
    );
    await endGracefully(socket, source);
    return true;
  }
  const mismatch = checkServerName(hello.serverName, host);
  const first = Buffer.concat([hello.bytes, source.release()]);
  const secured = await startTls({
    socket,
    first,
    // A guest that names another host is told so inside, by a certificate that it accepts.
    context: leaves.find(mismatch === null ? host : (parseHostName(hello.serverName ?? '') ?? host)),
    timeoutMs: context.limits.tlsHandshakeTimeoutMs,
  });
  if (secured === null) {
    logBlocked(context.log, record, refuseTunnel('its TLS handshake did not succeed'));
    socket.destroy();
    return true;
  }
  passage.carry(secured);
  const inside = { clientIp, tunnel: { scheme, host, port }, tunnelRefusal: mismatch, passage };
  if (secured.alpnProtocol === 'h2') {
    const { serveHttp2 } = await import('./serve-http2.ts');
    serveHttp2({ ...inside, socket: secured }, context);
  } else {
    await serveHttp1({ ...inside, socket: secured, source: createByteSource(secured) }, context, null);
  }
  return true;
}

/** SECURITY: the name in the TLS greeting is the tunnel's: another one is how a host hides behind an allowed one. */
function checkServerName(serverName: string | null, host: string): Refusal | null {
  if (serverName !== null) {
    return parseHostName(serverName) === host
      ? null
      : refuseAuthority('the name in its TLS greeting is not the host of its tunnel');
  }
  // An address has no place in SNI (RFC 6066, 3); a name has no reason to be left out.
  return isAddress(host) ? null : refuseAuthority('its TLS greeting names no host');
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[0-9.]+$/.test(host);
}

type ReadHello = { readonly kind: 'hello'; readonly serverName: string | null; readonly bytes: Buffer };

/** The guest's TLS greeting with the bytes it came in; null when the guest left without a word. */
async function readClientHello(source: ByteSource, timeoutMs: number): Promise<ReadHello | Refusal | null> {
  const endsAtMs = performance.now() + timeoutMs;
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await source.read(Math.max(1, endsAtMs - performance.now())).catch((error: unknown) => {
      return isGone(error) ? null : ('late' as const);
    });
    if (next === null) return null;
    if (next === 'late') return refuseTunnel(`no TLS greeting came within ${timeoutMs} ms`);
    bytes = Buffer.concat([bytes, next]);
    const step = parseClientHello(bytes);
    if (step.kind === 'malformed') return refuseTunnel(step.reason);
    if (step.kind === 'hello') return { ...step, bytes };
  }
}

function toRecord({ host, port }: TunnelRequest, clientIp: string, context: ExchangeContext): RequestRecord {
  return {
    method: 'CONNECT',
    url: `https://${toUrlHost(host)}:${port}/`,
    clientIp,
    requestId: context.nextRequestId(),
  };
}
