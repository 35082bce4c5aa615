import type { Writable } from 'node:stream';
import type { DaemonReadyEvent } from '../protocol.ts';

/** Tells init that this daemon serves; called once, after every listener is bound. */
export function reportReady(stdout: Writable, facts: Omit<DaemonReadyEvent, 'event'> = {}): void {
  const event: DaemonReadyEvent = { event: 'ready', ...facts };
  stdout.write(`${JSON.stringify(event)}\n`);
}
