import type { DaemonLog } from './log.ts';

/**
 * SECURITY: fail closed. A defect that nothing caught ends the daemon with status 70, init then ends the
 * bundle, and the guest has no peer: better than a filter in an unknown state.
 */
export function exitOnDefect(log: DaemonLog): void {
  const end = (defect: unknown): void => {
    const message = defect instanceof Error ? (defect.stack ?? defect.message) : String(defect);
    log.tell({ level: 'error', event: 'defect', message });
    process.exit(70);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
