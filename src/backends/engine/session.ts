import type { Duplex, Writable } from 'node:stream';
import type { GuestSession, SessionEnd, SessionStreams } from '../backend.ts';
import { createFrameParser, createRawParser } from './frames.ts';

/** How to speak of the process at the other end of a stream. */
export interface SessionProcess {
  readonly tty: boolean;
  /** The exit status, once the process is over; asked when its output has ended. */
  finish(): Promise<number>;
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
  signal(name: string): Promise<void>;
}

/**
 * Joins the caller's streams with an attached process. Output is written as fast as the caller takes it, input read as
 * fast as the process does. The caller's own streams are never ended, since they may outlive the session.
 */
export function joinSession(stream: Duplex, streams: SessionStreams, process: SessionProcess): GuestSession {
  let detached = false;
  const { stdin } = streams;
  // What breaks the connection shows as the end of the output; the process's status then tells.
  stream.on('error', () => undefined);
  // The end of the input is passed on by closing this half of the connection only.
  stdin?.pipe(stream);
  stdin?.on('error', () => stream.end());

  async function run(): Promise<SessionEnd> {
    await writeOutput(stream, streams, process.tty);
    stdin?.unpipe(stream);
    if (detached) return { kind: 'detached' };
    return { kind: 'exited', status: await process.finish() };
  }
  const exit = run().finally(() => stream.destroy());
  // A failure is reported to whoever awaits `exit`, which may be later.
  exit.catch(() => undefined);
  return {
    exit,
    resize: (size) => process.resize(size),
    signal: (name) => process.signal(name),
    detach() {
      detached = true;
      stream.destroy();
    },
  };
}

async function writeOutput(stream: Duplex, { stdout, stderr }: SessionStreams, tty: boolean): Promise<void> {
  const parse = tty ? createRawParser() : createFrameParser();
  try {
    for await (const chunk of stream) {
      for (const piece of parse(chunk)) await write(piece.stream === 'stdout' ? stdout : stderr, piece.bytes);
    }
  } catch (error) {
    if (!isConnectionEnd(error)) throw error;
  }
}

/** Writes with back pressure. Who has closed its end gets nothing more; the process runs on, as in a pipe to `true`. */
async function write(target: Writable, bytes: Uint8Array): Promise<void> {
  if (target.destroyed || target.writableEnded || bytes.length === 0) return;
  if (target.write(bytes)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['drain', 'close', 'error'];
  for (const event of events) target.once(event, resolve);
  await promise;
  for (const event of events) target.removeListener(event, resolve);
}

function isConnectionEnd(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
}
