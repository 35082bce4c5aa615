import { type BodyReader, createBodyReader } from '../http/body-reader.ts';
import { type Field, toFieldLines } from '../http/fields.ts';
import { createHeadLines } from '../http/head-lines.ts';
import { writeBytes } from '../streams/write-bytes.ts';
import type { EgressConnection } from './egress-connection.ts';
import { checkResponseLine, parseResponseHead, type ResponseHead } from './response-head.ts';

/** How a request's body goes to egress. */
export type UploadFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

/** A request, as egress gets it. */
export interface UpstreamRequest {
  readonly method: string;
  /** Absolute form. */
  readonly url: string;
  /** With `host`, without what says where the body ends. */
  readonly fields: readonly Field[];
  readonly framing: UploadFraming;
}

/** An answer that is not one: ambiguous, malformed or broken off. The message is a clause for a sentence. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

const responseHeadLimits = { maxBytes: 256 * 1024, maxFirstLineBytes: 8192, maxFields: 512 } as const;

export function writeRequestHead(connection: EgressConnection, request: UpstreamRequest): void {
  const framing =
    request.framing.kind === 'chunked'
      ? 'transfer-encoding: chunked\r\n'
      : request.framing.kind === 'length'
        ? `content-length: ${request.framing.length}\r\n`
        : '';
  const head = `${request.method} ${request.url} HTTP/1.1\r\n${toFieldLines(request.fields)}${framing}\r\n`;
  connection.socket.write(head, 'latin1');
}

export function writeRequestBody(
  connection: EgressConnection,
  framing: UploadFraming,
  bytes: Buffer,
  timeoutMs: number,
): Promise<void> | undefined {
  if (framing.kind !== 'chunked') return writeBytes(connection.socket, bytes, timeoutMs);
  return writeBytes(connection.socket, toChunk(bytes), timeoutMs);
}

/** One chunk of a chunked body. `bytes` must not be empty: that would be the body's end. */
export function toChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** The end of a chunked body. */
export function toLastChunk(trailers: readonly Field[]): string {
  return `0\r\n${toFieldLines(trailers)}\r\n`;
}

/**
 * Reads the next response head, interim (1xx) or final.
 * @throws UpstreamError when it is malformed, ambiguous or does not come
 */
export async function readResponseHead(
  { source }: EgressConnection,
  method: string,
  timeoutMs: number,
): Promise<ResponseHead> {
  const headLines = createHeadLines(responseHeadLimits, checkResponseLine);
  for (;;) {
    const bytes = await source.read(timeoutMs).catch(() => null);
    if (bytes === null) throw new UpstreamError('egress ended the connection before it answered');
    const step = headLines.push(bytes);
    if (step.kind === 'more') continue;
    if (step.kind === 'malformed') throw new UpstreamError(`the response is malformed: ${step.reason}`);
    source.unread(step.rest);
    const head = parseResponseHead(step.lines, method);
    if (head.kind === 'malformed') throw new UpstreamError(`the response is ambiguous: ${head.reason}`);
    return head;
  }
}

/** The body behind a response's head. */
export function readResponseBody(
  connection: EgressConnection,
  head: ResponseHead,
  timeoutMs: number,
): BodyReader {
  return createBodyReader(connection.source, head.framing, timeoutMs);
}
