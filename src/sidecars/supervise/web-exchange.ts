import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Reads a request's body whole.
 * @returns null when it is longer than `maxBytes`; what is left of it is not read
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same request as the web's own type. `signal` aborts when the connection is gone. */
export function toWebRequest(request: IncomingMessage, body: Buffer | null, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return new Request(`http://${request.headers.host}${request.url}`, {
    method: request.method ?? 'GET',
    headers,
    body: body === null ? null : new Uint8Array(body),
    signal,
  });
}

/** Writes a response as it comes, no faster than the client reads. Resolves when it is over, however it ended. */
export async function sendWebResponse(from: Response, to: ServerResponse): Promise<void> {
  to.writeHead(from.status, Object.fromEntries(from.headers));
  to.flushHeaders();
  if (from.body === null) {
    to.end();
    return;
  }
  // A client that goes in the middle is no fault of ours; the stream's source is told by its end.
  await pipeline(Readable.fromWeb(from.body), to).catch(() => {});
}
