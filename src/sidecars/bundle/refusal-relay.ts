import type { Writable } from 'node:stream';
import type { DaemonName } from '../../plans/bundle-plan.ts';
import { maxRefusalBytes } from '../daemon/refusal-line.ts';
import type { RefusalLine } from '../protocol.ts';

/** Tells the daemons that hear refusals what the others refused. */
export interface RefusalRelay {
  /** Has a daemon hear them on its standard input, behind its secrets line. */
  addListener(daemon: DaemonName, stdin: Writable): void;
  /** Passes one on to every listener but the daemon that said it. Never waits. */
  pass(refusal: RefusalLine): void;
}

/** What a listener that does not read may have waiting; what comes then is dropped. */
const maxWaitingBytes = 128 * 1024;

/**
 * SECURITY: a guest decides how much is refused, and a daemon that fell how fast it reads: what waits is bounded in length and
 * number, and nothing here holds init up.
 * @param onDropped told how many a listener missed, once it reads again
 */
export function createRefusalRelay(onDropped: (listener: DaemonName, count: number) => void): RefusalRelay {
  const listeners = new Map<DaemonName, { readonly stdin: Writable; dropped: number }>();
  return {
    addListener(daemon, stdin) {
      const listener = { stdin, dropped: 0 };
      listeners.set(daemon, listener);
      stdin.on('drain', () => {
        if (listener.dropped === 0) return;
        onDropped(daemon, listener.dropped);
        listener.dropped = 0;
      });
    },
    pass(refusal) {
      const line = `${JSON.stringify(refusal)}\n`;
      for (const [daemon, listener] of listeners) {
        if (daemon === refusal.daemon || listener.stdin.destroyed) continue;
        if (line.length > maxRefusalBytes || listener.stdin.writableLength > maxWaitingBytes)
          listener.dropped += 1;
        else listener.stdin.write(line);
      }
    },
  };
}
