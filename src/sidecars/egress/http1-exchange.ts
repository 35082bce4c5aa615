import { type ClientRequest, request as sendRequest } from 'node:http';
import { fail, failReset } from './denial.ts';
import { type HeaderField, toFields, toRawHeaders, valuesOf } from './headers.ts';
import { DialError, type OriginAgent } from './http1-agent.ts';
import { type Attempt, isRepeatable, type UpstreamRequest } from './upstream.ts';

const maxResponseHeadBytes = 128 * 1024;

/** Sends one request over a connection of `agent` and resolves with the head of the answer. */
export function exchangeHttp1(
  agent: OriginAgent,
  request: UpstreamRequest,
  responseTimeoutMs: number,
): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const { host, port } = request.origin;
  const outgoing = sendRequest({
    agent,
    host,
    port,
    method: request.method,
    path: request.path,
    headers: toRawHeaders([['Host', request.authority], ...request.fields, ...toFraming(request)]),
    maxHeaderSize: maxResponseHeadBytes,
    setHost: false,
    signal: request.signal,
  });
  let deadline: NodeJS.Timeout | null = null;
  let settled = false;
  const settle = (attempt: Attempt): void => {
    settled = true;
    if (deadline !== null) clearTimeout(deadline);
    resolve(attempt);
  };
  outgoing.once('finish', () => {
    if (settled) return;
    deadline = setTimeout(() => {
      settle(fail('timeout', `${host} did not answer within ${responseTimeoutMs} ms: try again later.`));
      outgoing.destroy();
    }, responseTimeoutMs);
  });
  outgoing.once('response', (incoming) => {
    settle({
      kind: 'response',
      status: incoming.statusCode ?? 502,
      statusText: incoming.statusMessage ?? '',
      fields: toFields(incoming.rawHeaders),
      body: incoming,
      isWhole: () => incoming.complete,
      trailers: () => toFields(incoming.rawTrailers),
    });
  });
  // SECURITY: a connection that changes its protocol unasked would carry bytes that nobody reads.
  outgoing.once('upgrade', (_incoming, socket) => {
    socket.destroy();
    settle(fail('reset', `${host} switched to another protocol without being asked to.`));
  });
  // Stays on: a broken upload after the answer has come is the answer's own matter.
  outgoing.on('error', (error) => settle(toFailedAttempt(outgoing, request, error)));
  if (request.body === null) outgoing.end();
  else request.body.pipe(outgoing);
  return promise;
}

/** How the body is delimited; a length that the client gave is among the request's fields. */
function toFraming({ body, method, fields }: UpstreamRequest): readonly HeaderField[] {
  if (valuesOf(fields, 'content-length').length > 0) return [];
  if (body !== null) return [['Transfer-Encoding', 'chunked']];
  return ['POST', 'PUT', 'PATCH'].includes(method) ? [['Content-Length', '0']] : [];
}

function toFailedAttempt(outgoing: ClientRequest, request: UpstreamRequest, error: Error): Attempt {
  if (error instanceof DialError) return error.denial;
  const stale = outgoing.reusedSocket && request.body === null && isRepeatable(request.method);
  if (stale && !request.signal.aborted) return { kind: 'unsent' };
  return failReset(request.origin.host, error);
}
