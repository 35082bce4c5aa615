import type { ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/**
 * Passes a connection's bytes to a git process and its answers back. The end of the process ends the connection; the end of
 * the connection leaves the process without a reader, but never stuck: what it still says is dropped.
 * @param idleTimeoutMs after this time without a byte either way the connection is cut
 */
export function joinStreams(
  socket: Socket,
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  idleTimeoutMs: number,
): void {
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  // A process that ends before it has read everything is reported by its end.
  child.stdin.on('error', () => {});
  socket.pipe(child.stdin);
  child.stdout.pipe(socket);
  socket.once('close', () => {
    child.stdin.destroy();
    child.stdout.unpipe(socket);
    child.stdout.resume();
  });
  child.once('exit', () => {
    // Read to its end, so that a reset does not take git's last words from the client.
    socket.unpipe(child.stdin);
    socket.resume();
  });
}
