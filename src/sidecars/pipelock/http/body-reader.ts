import { type ByteSource, ByteSourceError } from '../streams/byte-source.ts';
import { createChunkedDecoder } from './chunked-decoder.ts';
import type { Field } from './fields.ts';
import type { Framing } from './framing.ts';

/** A message's body, piece by piece. */
export interface BodyReader {
  /**
   * The next piece, or null at the body's end.
   * @throws BodyError when the body is malformed or stops; ByteSourceError when nothing comes in time
   */
  read(): Promise<Buffer | null>;
  /** Whether the end was read. */
  readonly ended: boolean;
  /** The fields behind the body, once it ended. */
  readonly trailers: readonly Field[];
}

/** A body that is not what its head promised. The message is a clause for a sentence. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/** Reads the body that `framing` describes; the bytes behind it stay in the source. */
export function createBodyReader(source: ByteSource, framing: Framing, timeoutMs: number): BodyReader {
  switch (framing.kind) {
    case 'none':
      return { read: () => Promise.resolve(null), ended: true, trailers: [] };
    case 'length':
      return createLengthReader(source, framing.length, timeoutMs);
    case 'chunked':
      return createChunkedReader(source, timeoutMs);
    case 'close':
      return createCloseReader(source, timeoutMs);
  }
}

function createLengthReader(source: ByteSource, length: number, timeoutMs: number): BodyReader {
  let left = length;
  return {
    async read() {
      if (left === 0) return null;
      const bytes = await source.read(timeoutMs);
      if (bytes === null) throw new BodyError('its body is shorter than its Content-Length');
      const part = bytes.subarray(0, left);
      source.unread(bytes.subarray(part.length));
      left -= part.length;
      return part;
    },
    get ended() {
      return left === 0;
    },
    trailers: [],
  };
}

function createChunkedReader(source: ByteSource, timeoutMs: number): BodyReader {
  const decoder = createChunkedDecoder();
  let trailers: readonly Field[] | null = null;
  return {
    async read() {
      while (trailers === null) {
        const bytes = await source.read(timeoutMs);
        if (bytes === null) throw new BodyError('its chunked body has no end');
        const step = decoder.push(bytes);
        if (step.kind === 'malformed') throw new BodyError(step.reason);
        if (step.kind === 'done') {
          trailers = step.trailers;
          source.unread(step.rest);
        }
        if (step.data.length > 0)
          return step.data.length === 1 && step.data[0] ? step.data[0] : Buffer.concat(step.data);
      }
      return null;
    },
    get ended() {
      return trailers !== null;
    },
    get trailers() {
      return trailers ?? [];
    },
  };
}

function createCloseReader(source: ByteSource, timeoutMs: number): BodyReader {
  let ended = false;
  return {
    async read() {
      const bytes = await source.read(timeoutMs);
      if (bytes === null) ended = true;
      return bytes;
    },
    get ended() {
      return ended;
    },
    trailers: [],
  };
}

/** Whether an error only says that the other side stopped or left. */
export function isGone(error: unknown): boolean {
  return error instanceof ByteSourceError && error.kind === 'broken';
}
