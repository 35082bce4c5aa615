import type { LogLevel } from '../daemon/log.ts';
import type { BundleFailedEvent, BundleReadyEvent, DaemonStartedEvent } from '../protocol.ts';
import type { BundleOutput } from './bundle-output.ts';

/** What init itself says. */
export type InitEvent =
  | BundleReadyEvent
  | BundleFailedEvent
  | DaemonStartedEvent
  | { readonly event: 'refusals-dropped'; readonly daemon: 'init'; readonly count: number }
  | { readonly event: 'daemon-killed' | 'secret-unscannable' | 'bundle-stopping'; readonly daemon: 'init' };

/** Prints a line of init's own. Unlike the daemons' log it cuts nothing: a certificate must arrive whole. */
export function logInitEvent(output: BundleOutput, level: LogLevel, event: InitEvent, message: string): void {
  const { daemon, ...rest } = event;
  output.print(`${JSON.stringify({ daemon, time: new Date().toISOString(), level, message, ...rest })}\n`);
}
