import type { Duplex } from 'node:stream';
import type { ByteSource } from '../streams/byte-source.ts';

const maxLingerMs = 1_000;
const maxLingerBytes = 4 * 1024 * 1024;

/**
 * Ends a connection on which the guest may still be sending: closing it at once would reset it, and the guest would lose the
 * answer it has not read yet. What comes is dropped, for a second and four megabytes at most.
 */
export async function endGracefully(socket: Duplex, source: ByteSource): Promise<void> {
  if (!socket.destroyed) socket.end();
  const untilMs = performance.now() + maxLingerMs;
  let dropped = 0;
  while (dropped < maxLingerBytes) {
    const bytes = await source.read(Math.max(1, untilMs - performance.now())).catch(() => null);
    if (bytes === null) break;
    dropped += bytes.length;
    if (performance.now() > untilMs) break;
  }
  socket.destroy();
}
