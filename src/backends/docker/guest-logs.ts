import { openLogs } from '../engine/containers.ts';
import type { Engine } from '../engine/engine.ts';
import { createFrameParser, createRawParser } from '../engine/frames.ts';

interface LogOptions {
  readonly tty: boolean;
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

/** A container's log, without the engine's framing. Ends when the container does, or at an abort. */
export async function* readLogs(
  engine: Engine,
  container: string,
  options: LogOptions,
): AsyncGenerator<Uint8Array> {
  const parse = options.tty ? createRawParser() : createFrameParser();
  try {
    for await (const chunk of await openLogs(engine, container, options)) {
      for (const { bytes } of parse(chunk)) if (bytes.length > 0) yield bytes;
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  }
}

/** Of the bundle's log, the lines of one daemon, or of all where `daemon` is null. */
export async function* readDaemonLogs(
  engine: Engine,
  container: string,
  options: LogOptions & { readonly daemon: string | null },
): AsyncGenerator<Uint8Array> {
  const bytes = readLogs(engine, container, options);
  if (options.daemon === null) {
    yield* bytes;
    return;
  }
  for await (const line of splitLines(bytes)) {
    if (speakerOf(line) === options.daemon) yield line;
  }
}

async function* splitLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const bytes of source) {
    rest = Buffer.concat([rest, bytes]);
    let start = 0;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a, start)) {
      yield rest.subarray(start, end + 1);
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

/** Init puts the daemon's name into each line. */
function speakerOf(line: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null && 'daemon' in value ? value.daemon : null;
  } catch {
    return null;
  }
}
