import { checkFieldLine, type Field, toField } from './fields.ts';
import { createHeadLines, type HeadLines, type Malformed, malformed } from './head-lines.ts';

export type ChunkedStep =
  | { readonly kind: 'data'; readonly data: readonly Buffer[] }
  | {
      readonly kind: 'done';
      readonly data: readonly Buffer[];
      readonly trailers: readonly Field[];
      readonly rest: Buffer;
    }
  | Malformed;

/** Decodes a chunked body (RFC 9112, 7.1) as its bytes come in. */
export interface ChunkedDecoder {
  push(bytes: Buffer): ChunkedStep;
}

/** Chunk extensions mean nothing to anyone: long ones are an attack. */
const maxSizeLineBytes = 256;
const maxTrailerBytes = 8192;
const maxTrailers = 32;
const sizeLine = /^([0-9a-fA-F]{1,12})(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

/** What decides framing, routing or who is asking has no place behind a body (RFC 9110, 6.5.1). */
const forbiddenTrailers = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'host',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** SECURITY: a size is hexadecimal digits alone, and every line ends in CRLF. */
export function createChunkedDecoder(): ChunkedDecoder {
  let state: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  let line: Buffer = Buffer.alloc(0);
  let left = 0;
  let trailers: HeadLines | null = null;

  function push(bytes: Buffer): ChunkedStep {
    const data: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (state === 'data') {
        const part = bytes.subarray(at, at + left);
        data.push(part);
        at += part.length;
        left -= part.length;
        if (left === 0) state = 'data-end';
        continue;
      }
      if (state === 'trailers') return readTrailers(bytes.subarray(at), data);
      const lineFeed = bytes.indexOf(0x0a, at);
      line = Buffer.concat([line, bytes.subarray(at, lineFeed === -1 ? bytes.length : lineFeed + 1)]);
      if (line.length > maxSizeLineBytes) return malformed('a chunk of its body has too long a size line');
      if (lineFeed === -1) break;
      at = lineFeed + 1;
      const refusal = readLine(line.toString('latin1'));
      if (refusal !== null) return malformed(refusal);
      line = Buffer.alloc(0);
    }
    return { kind: 'data', data };
  }

  function readLine(text: string): string | null {
    if (!text.endsWith('\r\n')) return 'its chunked body has a bare line feed';
    if (state === 'data-end') {
      state = 'size';
      return text === '\r\n' ? null : 'a chunk of its body is longer than its size says';
    }
    const size = sizeLine.exec(text.slice(0, -2))?.[1];
    if (size === undefined) return 'a chunk of its body has a malformed size';
    left = Number.parseInt(size, 16);
    state = left === 0 ? 'trailers' : 'data';
    return null;
  }

  function readTrailers(bytes: Buffer, data: readonly Buffer[]): ChunkedStep {
    trailers ??= createHeadLines(
      {
        maxBytes: maxTrailerBytes,
        maxFirstLineBytes: maxTrailerBytes,
        maxFields: maxTrailers,
        mayBeEmpty: true,
      },
      checkTrailerLine,
    );
    const step = trailers.push(bytes);
    if (step.kind === 'malformed') return malformed(`among its trailers, ${step.reason}`);
    if (step.kind === 'more') return { kind: 'data', data };
    return { kind: 'done', data, trailers: step.lines.map(toField), rest: step.rest };
  }

  return { push };
}

function checkTrailerLine(line: string): string | null {
  const refusal = checkFieldLine(line);
  if (refusal !== null) return refusal;
  return forbiddenTrailers.has(toField(line).name) ? 'it has a field that must stand in the head' : null;
}
