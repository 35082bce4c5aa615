import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { answerRefusal } from '../exchange/answer-refusal.ts';
import type { ExchangeContext } from '../exchange/exchange-context.ts';
import type { Refusal } from '../exchange/refusal.ts';
import { logBlocked } from '../exchange/request-log.ts';
import { runExchange } from '../exchange/run-exchange.ts';
import { parseHttp2Request } from '../http/parse-http2-request.ts';
import type { Passage } from '../policy/passage.ts';
import { createByteSource } from '../streams/byte-source.ts';
import { createHttp2Answer } from './http2-answer.ts';
import { createHttp2Body } from './http2-body.ts';

/** The inside of a tunnel in which the guest chose HTTP/2. */
export interface Http2Connection {
  readonly socket: TLSSocket;
  readonly clientIp: string;
  readonly tunnel: { readonly host: string; readonly port: number };
  readonly tunnelRefusal: Refusal | null;
  readonly passage: Passage;
}

/** SECURITY: bounds on what one connection may have us keep, and on how often it may change its mind (rapid reset). */
const sessionBounds = {
  maxSessionInvalidFrames: 16,
  maxSessionRejectedStreams: 64,
  maxSessionMemory: 8,
  maxOutstandingPings: 4,
  maxOutstandingSettings: 4,
  streamResetBurst: 200,
  streamResetRate: 33,
} as const;
const maxConcurrentStreams = 100;
const initialWindowSize = 256 * 1024;
const endStreamFlag = 1;

/** Serves a connection's streams, side by side, until it closes. */
export function serveHttp2(connection: Http2Connection, context: ExchangeContext): void {
  const { limits } = context;
  const session = performServerHandshake(connection.socket, {
    ...sessionBounds,
    // More than our own bound on fields, so that a guest just past it gets a sentence instead of a reset.
    maxHeaderListPairs: limits.maxHeaderCount * 2,
    // A response with a field twice is the host's affair.
    strictSingleValueFields: false,
    settings: {
      maxConcurrentStreams,
      initialWindowSize,
      maxHeaderListSize: limits.maxHeaderBytes,
      enableConnectProtocol: false,
    },
  });
  session.setTimeout(limits.idleTimeoutMs, () => session.destroy());
  session.on('error', () => connection.socket.destroy());
  session.on('stream', (stream, _headers, flags, rawHeaders) => {
    serveStream(stream, rawHeaders, (flags & endStreamFlag) === 0, connection, context);
  });
}

function serveStream(
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  hasBody: boolean,
  { clientIp, tunnel, tunnelRefusal, passage }: Http2Connection,
  context: ExchangeContext,
): void {
  const source = createByteSource(stream);
  const answer = createHttp2Answer(stream, source, context.limits.idleTimeoutMs);
  const request = parseHttp2Request(rawHeaders, hasBody, tunnel, context.limits);
  if ('layer' in request) {
    const url = `https://${tunnel.host}:${tunnel.port}/`;
    logBlocked(context.log, { method: '', url, clientIp, requestId: context.nextRequestId() }, request);
    answerRefusal(answer, request, '');
    return;
  }
  const body = createHttp2Body(stream, source, hasBody, context.limits.idleTimeoutMs);
  void runExchange({ request, body, answer, clientIp, tunnelRefusal, passage }, context);
}
