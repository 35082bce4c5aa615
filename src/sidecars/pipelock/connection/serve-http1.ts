import type { Duplex } from 'node:stream';
import { answerRefusal } from '../exchange/answer-refusal.ts';
import type { ExchangeContext } from '../exchange/exchange-context.ts';
import type { Refusal } from '../exchange/refusal.ts';
import { logBlocked } from '../exchange/request-log.ts';
import { runExchange } from '../exchange/run-exchange.ts';
import { createBodyReader } from '../http/body-reader.ts';
import type { ParsedRequest, Tunnel } from '../http/parse-request.ts';
import type { Passage } from '../policy/passage.ts';
import type { ByteSource } from '../streams/byte-source.ts';
import { createHttp1Answer, type Http1Answer } from './http1-answer.ts';
import { endGracefully } from './linger.ts';
import { readRequest } from './read-request.ts';

/** A guest's connection that speaks HTTP/1: the proxy's own, or the inside of a tunnel. */
export interface Http1Connection {
  readonly socket: Duplex;
  readonly source: ByteSource;
  readonly clientIp: string;
  readonly tunnel: Tunnel;
  /** Why nothing may pass through this tunnel, or null. */
  readonly tunnelRefusal: Refusal | null;
  readonly passage: Passage;
}

/** What the caller does with requests that are not to be forwarded; null where a connection has none such. */
export interface ProxyHandlers {
  /** Resolves to true when the connection has been taken over. */
  connect(parsed: Extract<ParsedRequest, { kind: 'connect' }>, answer: Http1Answer): Promise<boolean>;
  local(parsed: Extract<ParsedRequest, { kind: 'local' }>, answer: Http1Answer): void;
}

/**
 * Serves requests in their order, each decided by itself, until either side is done. Never rejects.
 * SECURITY: behind a request whose end is in doubt nothing is read as a request: the connection ends.
 */
export async function serveHttp1(
  connection: Http1Connection,
  context: ExchangeContext,
  handlers: ProxyHandlers | null,
): Promise<void> {
  const { socket, source, clientIp, tunnel, tunnelRefusal, passage } = connection;
  const { idleTimeoutMs } = context.limits;
  const createAnswer = (version: '1.0' | '1.1', keepAlive: boolean): Http1Answer =>
    createHttp1Answer({ socket, source, version, keepAlive, idleTimeoutMs });
  for (;;) {
    const parsed = await readRequest(source, tunnel, context.limits);
    if (parsed === null) break;
    if (parsed.kind === 'refused') {
      const record = { method: '', url: toTunnelUrl(tunnel), clientIp, requestId: context.nextRequestId() };
      logBlocked(context.log, record, parsed);
      answerRefusal(createAnswer('1.1', false), parsed, '');
      break;
    }
    if (parsed.kind !== 'request') {
      const answer = createAnswer('1.1', false);
      if (parsed.kind === 'local') handlers?.local(parsed, answer);
      else if (await handlers?.connect(parsed, answer)) return;
      break;
    }
    const { request, keepAlive } = parsed;
    const body = createBodyReader(source, request.framing, idleTimeoutMs);
    const answer = createAnswer(request.version === '1.0' ? '1.0' : '1.1', keepAlive);
    await runExchange({ request, body, answer, clientIp, tunnelRefusal, passage }, context);
    if (answer.next !== 'request' || !(await drain(body))) break;
  }
  await endGracefully(socket, source);
}

/** Reads what is left of a small body; false where that fails. */
async function drain(body: { readonly ended: boolean; read(): Promise<Buffer | null> }): Promise<boolean> {
  try {
    while (!body.ended) await body.read();
    return true;
  } catch {
    return false;
  }
}

function toTunnelUrl(tunnel: Tunnel): string {
  return tunnel === null ? '' : `${tunnel.scheme}://${tunnel.host}:${tunnel.port}/`;
}
