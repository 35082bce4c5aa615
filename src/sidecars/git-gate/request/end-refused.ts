import type { Socket } from 'node:net';
import { toErrorLine } from './pkt-line.ts';

/** A client that is refused may take this long to read why. */
const readingMs = 2_000;

/**
 * Ends a connection with the sentence that git shows.
 * SECURITY: what the client still sends is read and dropped, and it is cut off soon: a refused connection is never held open.
 */
export function endRefused(socket: Socket, sentence: string): void {
  socket.end(toErrorLine(sentence));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), readingMs);
  socket.once('close', () => clearTimeout(timer));
}
