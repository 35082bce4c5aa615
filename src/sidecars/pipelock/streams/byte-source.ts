import type { Readable } from 'node:stream';

/** Bytes of a stream, taken when they are wanted; what is not taken is not read for long. */
export interface ByteSource {
  /**
   * The next bytes, or null at the stream's end.
   * @throws ByteSourceError when nothing comes for `timeoutMs`, or the stream breaks
   */
  read(timeoutMs: number): Promise<Buffer | null>;
  /** The next bytes where some are here already, otherwise null. */
  take(): Buffer | null;
  /** Puts bytes back in front. */
  unread(bytes: Buffer): void;
  /** Calls back once the stream broke or closed, whether or not anyone reads; returns how to take that back. */
  onClosed(listener: () => void): () => void;
  /** Lets go of the stream, paused. What is still here is returned. */
  release(): Buffer;
}

export class ByteSourceError extends Error {
  override readonly name = 'ByteSourceError';
  readonly kind: 'timeout' | 'broken';

  constructor(kind: 'timeout' | 'broken') {
    super(kind === 'timeout' ? 'nothing came in time' : 'the stream broke');
    this.kind = kind;
  }
}

/** More than this unread, and the stream is paused. */
const highWaterBytes = 128 * 1024;

interface Waiter {
  readonly resolve: (bytes: Buffer | null) => void;
  readonly reject: (error: ByteSourceError) => void;
}

/** Reads a stream that nobody else reads. */
export function createByteSource(stream: Readable): ByteSource {
  let queue: Buffer[] = [];
  let queuedBytes = 0;
  let state: 'open' | 'ended' | 'broken' = 'open';
  let waiter: Waiter | null = null;
  const closedListeners = new Set<() => void>();
  let isClosed = false;

  const onData = (bytes: Buffer): void => {
    if (waiter !== null) {
      waiter.resolve(bytes);
      return;
    }
    queue.push(bytes);
    queuedBytes += bytes.length;
    if (queuedBytes > highWaterBytes) stream.pause();
  };
  const onEnd = (): void => {
    if (state === 'open') state = 'ended';
    waiter?.resolve(null);
  };
  const onBroken = (): void => {
    if (state === 'open') state = 'broken';
    if (state === 'broken') waiter?.reject(new ByteSourceError('broken'));
    isClosed = true;
    for (const listener of closedListeners) listener();
    closedListeners.clear();
  };
  stream.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);

  function take(): Buffer | null {
    const bytes = queue.shift();
    if (bytes === undefined) return null;
    queuedBytes -= bytes.length;
    if (queuedBytes <= highWaterBytes && stream.isPaused()) stream.resume();
    return bytes;
  }

  function read(timeoutMs: number): Promise<Buffer | null> {
    const bytes = take();
    if (bytes !== null) return Promise.resolve(bytes);
    if (state === 'ended') return Promise.resolve(null);
    if (state === 'broken') return Promise.reject(new ByteSourceError('broken'));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        waiter = null;
      };
      const timer = setTimeout(() => {
        settle();
        reject(new ByteSourceError('timeout'));
      }, timeoutMs);
      waiter = {
        resolve: (found) => {
          settle();
          resolve(found);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
    });
  }

  return {
    read,
    take,
    unread(bytes) {
      if (bytes.length === 0) return;
      queue.unshift(bytes);
      queuedBytes += bytes.length;
    },
    onClosed(listener) {
      if (isClosed) queueMicrotask(listener);
      else closedListeners.add(listener);
      return () => closedListeners.delete(listener);
    },
    release() {
      stream.pause();
      stream.off('data', onData).off('end', onEnd);
      const rest = Buffer.concat(queue);
      queue = [];
      queuedBytes = 0;
      return rest;
    },
  };
}
