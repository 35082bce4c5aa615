import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { fail, failReset, refuse } from './denial.ts';
import type { HeaderField } from './headers.ts';
import { type Attempt, isRepeatable, type UpstreamRequest } from './upstream.ts';

/** Sends one request as a stream of `session` and resolves with the head of the answer. */
export function exchangeHttp2(
  session: ClientHttp2Session,
  request: UpstreamRequest,
  responseTimeoutMs: number,
): Promise<Attempt> {
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const { host } = request.origin;
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(toHttp2Headers(request), {
      endStream: request.body === null,
      signal: request.signal,
    });
  } catch {
    // HTTP/2 is stricter than what brought the request here: a field that may stand once, for one, stands twice.
    return Promise.resolve(refuse('http', 'The request was refused: HTTP/2 cannot carry its header fields.'));
  }
  let trailers: readonly HeaderField[] = [];
  let deadline: NodeJS.Timeout | null = null;
  let settled = false;
  const settle = (attempt: Attempt): void => {
    settled = true;
    if (deadline !== null) clearTimeout(deadline);
    resolve(attempt);
  };
  const startDeadline = (): void => {
    if (settled) return;
    deadline = setTimeout(() => {
      settle(fail('timeout', `${host} did not answer within ${responseTimeoutMs} ms: try again later.`));
      stream.close(constants.NGHTTP2_CANCEL);
    }, responseTimeoutMs);
  };
  stream.once('response', (headers) => {
    settle({
      kind: 'response',
      status: headers[':status'] ?? 502,
      statusText: '',
      fields: fromHttp2Headers(headers),
      body: stream,
      // A stream that the host resets may still end as if nothing had happened.
      isWhole: () => !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR,
      trailers: () => trailers,
    });
  });
  stream.once('trailers', (headers) => {
    trailers = fromHttp2Headers(headers);
  });
  // Stays on: after the answer's head the body's reader hears of it too.
  stream.on('error', (error) => settle(isUnsent() ? { kind: 'unsent' } : failReset(host, error)));
  stream.once('close', () => {
    if (!settled) settle(isUnsent() ? { kind: 'unsent' } : failReset(host, new Error('closed')));
  });
  if (request.body === null) startDeadline();
  else {
    stream.once('finish', startDeadline);
    request.body.pipe(stream);
  }
  return promise;

  function isUnsent(): boolean {
    if (request.body !== null || request.signal.aborted) return false;
    // A host that refused the stream, or said by GOAWAY that it will not see it, has done nothing (RFC 9113, 8.7).
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || stream.id === undefined) return true;
    return (session.closed || session.destroyed) && isRepeatable(request.method);
  }
}

function toHttp2Headers(request: UpstreamRequest): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of request.fields) {
    const field = name.toLowerCase();
    const before = headers[field];
    if (before === undefined) headers[field] = value;
    // Cookies are the one list that is joined by a semicolon (RFC 9113, 8.2.3).
    else if (field === 'cookie') headers[field] = `${before}; ${value}`;
    else headers[field] = [...(Array.isArray(before) ? before : [before]), value];
  }
  return {
    ...headers,
    ':method': request.method,
    ':scheme': request.origin.scheme,
    ':authority': request.authority,
    ':path': request.path,
  };
}

function fromHttp2Headers(headers: IncomingHttpHeaders): readonly HeaderField[] {
  return Object.entries(headers).flatMap(([name, value]): readonly HeaderField[] => {
    if (name.startsWith(':') || value === undefined) return [];
    return Array.isArray(value) ? value.map((entry) => [name, entry] as const) : [[name, String(value)]];
  });
}
