import type { Socket } from 'node:net';
import { type GitRequest, parseGitRequest, RequestRefusal } from './git-request.ts';
import { parsePktLength } from './pkt-line.ts';

/** A path of any host fits many times over. */
const maxRequestLength = 4096;

/**
 * Reads exactly the first line of a connection; what comes behind it stays in the stream.
 * @throws RequestRefusal when it is malformed, cut off, too long or late
 */
export async function readGitRequest(socket: Socket, timeoutMs: number): Promise<GitRequest> {
  const late = AbortSignal.timeout(timeoutMs);
  const length = parsePktLength(await readBytes(socket, 4, late));
  // A line of 4 is empty, and below that the lengths mean other things than a line.
  if (length === null || length <= 4 || length > maxRequestLength) {
    throw new RequestRefusal('The request is not written as git writes one.');
  }
  return parseGitRequest(await readBytes(socket, length - 4, late));
}

/** SECURITY: bounded in bytes and, by `late`, in time: whoever sends a byte now and then holds a connection no longer. */
async function readBytes(socket: Socket, count: number, late: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const tryRead = (): void => {
    const bytes: Buffer | null = socket.readableLength < count ? null : socket.read(count);
    if (bytes !== null) resolve(bytes);
  };
  const onEnd = (): void => reject(new RequestRefusal('The request is not written as git writes one.'));
  const onLate = (): void => reject(new RequestRefusal('The request did not come in time.'));
  socket.on('readable', tryRead);
  socket.once('end', onEnd);
  socket.once('close', onEnd);
  late.addEventListener('abort', onLate, { once: true });
  tryRead();
  try {
    return await promise;
  } finally {
    socket.off('readable', tryRead);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
    late.removeEventListener('abort', onLate);
  }
}
