import type { Duplex } from 'node:stream';
import type { Answer, AnswerFraming, GuestPipe } from '../exchange/guest-request.ts';
import { type Field, toFieldLines } from '../http/fields.ts';
import type { ByteSource } from '../streams/byte-source.ts';
import { writeBytes } from '../streams/write-bytes.ts';
import { toChunk, toLastChunk } from '../upstream/egress-exchange.ts';

export interface Http1Answer extends Answer {
  /** What becomes of the connection: another request may follow, it is to be closed, or it is no longer HTTP. */
  readonly next: 'request' | 'close' | 'handed-over';
}

export interface Http1AnswerOptions {
  readonly socket: Duplex;
  readonly source: ByteSource;
  readonly version: '1.0' | '1.1';
  readonly keepAlive: boolean;
  readonly idleTimeoutMs: number;
}

/** Writes the answer to one HTTP/1 request. */
export function createHttp1Answer({
  socket,
  source,
  version,
  keepAlive,
  idleTimeoutMs,
}: Http1AnswerOptions): Http1Answer {
  let next: Http1Answer['next'] = keepAlive ? 'request' : 'close';
  let framing: AnswerFraming | null = null;
  let ended = false;

  function writeHead(status: number, reason: string, fields: readonly Field[]): void {
    // Head and first piece of the body leave as one packet.
    socket.cork();
    process.nextTick(() => socket.uncork());
    socket.write(`HTTP/1.1 ${status} ${reason}\r\n${toFieldLines(fields)}\r\n`, 'latin1');
  }

  return {
    get next() {
      return next;
    },
    get started() {
      return framing !== null;
    },
    onGone: source.onClosed,
    closeAfter() {
      if (next === 'request') next = 'close';
    },
    interim(status, fields) {
      if (version === '1.1' && framing === null && !socket.destroyed)
        writeHead(status, status === 100 ? 'Continue' : '', fields);
    },
    start(status, reason, fields, given) {
      framing = given;
      if (given.kind === 'streamed' && version === '1.0') next = 'close';
      const extra = [
        ...(given.kind === 'length' ? [{ name: 'content-length', value: String(given.length) }] : []),
        ...(given.kind === 'streamed' && version === '1.1'
          ? [{ name: 'transfer-encoding', value: 'chunked' }]
          : []),
        { name: 'connection', value: next === 'close' ? 'close' : 'keep-alive' },
      ];
      if (!socket.destroyed) writeHead(status, reason, [...fields, ...extra]);
    },
    write(bytes) {
      if (bytes.length === 0) return undefined;
      const isChunked = framing?.kind === 'streamed' && version === '1.1';
      return writeBytes(socket, isChunked ? toChunk(bytes) : bytes, idleTimeoutMs);
    },
    end(trailers) {
      ended = true;
      if (framing?.kind === 'streamed' && version === '1.1' && !socket.destroyed) {
        socket.write(toLastChunk(trailers), 'latin1');
      }
    },
    abort() {
      if (ended) return;
      next = 'close';
      socket.destroy();
    },
    upgrade(fields): GuestPipe {
      framing = { kind: 'none' };
      next = 'handed-over';
      writeHead(101, 'Switching Protocols', fields);
      return {
        source,
        write: (bytes) => writeBytes(socket, bytes, idleTimeoutMs),
        end() {
          ended = true;
          if (!socket.destroyed) socket.end();
        },
      };
    },
  };
}
