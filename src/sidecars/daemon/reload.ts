import type { ReloadedEvent, ReloadRefusedEvent } from '../protocol.ts';
import type { DaemonLog } from './log.ts';

/** A configuration that was read and found good. */
export interface ReadReload {
  readonly revision: number;
  /** Acts by it from now on, at once; returns how many connections were cut. */
  apply(): number;
}

/** Hears SIGHUP from the moment it is made; before {@link HangUps.serve} it only remembers it. */
export interface HangUps {
  /**
   * Has `read` called for every SIGHUP.
   * SECURITY: it reads without waiting for anything. A guest that keeps the daemon busy could else hold up for seconds what takes
   * a right from it.
   * @param read throws with why the configuration is not acted by: a clause that names file and place
   */
  serve(read: () => ReadReload): void;
}

/** Made first of all in a daemon: without a handler a hang-up would end it. */
export function hearHangUps(log: DaemonLog): HangUps {
  let wanted = false;
  let read: (() => ReadReload) | null = null;
  process.on('SIGHUP', () => {
    if (read === null) wanted = true;
    else reload(read, log);
  });
  return {
    serve(given) {
      read = given;
      if (wanted) reload(read, log);
    },
  };
}

/**
 * SECURITY: a configuration that is wrong changes nothing, and ends nothing. An error while a good one is put in force is
 * something else: the daemon would be in an unknown state, so that is a defect.
 */
function reload(read: () => ReadReload, log: DaemonLog): void {
  let found: ReadReload;
  try {
    found = read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const event: ReloadRefusedEvent = {
      event: 'reload-refused',
      level: 'error',
      message: `The new configuration is not acted by: ${why}.`,
    };
    log.tell({ ...event });
    return;
  }
  const event: ReloadedEvent = {
    event: 'reloaded',
    revision: found.revision,
    connections_cut: found.apply(),
  };
  log.tell({ ...event, level: 'info', message: `acts by revision ${event.revision} of the policy` });
}

/**
 * Checks that a configuration may follow on another.
 * @throws Error with a clause for {@link ReloadRefusedEvent} when it is older than the one before, by which a change is undone
 *   that failed elsewhere, or when something differs that is fixed from start to end
 */
export function requireSuccessor<Configuration extends { readonly revision: number }>(
  before: Configuration,
  after: Configuration,
  fixed: readonly (keyof Configuration)[],
): void {
  if (after.revision < before.revision - 1) {
    throw new Error(
      `revision ${after.revision} is too old to follow on ${before.revision}, which is in force`,
    );
  }
  const changed = fixed.find((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
  if (changed !== undefined) throw new Error(`"${String(changed)}" cannot change while the bottle runs`);
}
