import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonPlan } from '../../plans/bundle-plan.ts';

/**
 * Makes `<runDirectory>/<daemon>` for each, readable for that daemon alone. Init may not give files away
 * (it has no CAP_CHOWN) nor pass over permissions, so it opens the directory it owns, makes each folder as
 * its user, and closes the directory again: once a daemon runs, none can make anything beside its own folder.
 * @throws Error when a folder is there already or init does not own the run directory
 */
export function makeRunFolders(runDirectory: string, daemons: readonly DaemonPlan[]): void {
  const { seteuid, setegid, geteuid, getegid } = process;
  if (!seteuid || !setegid || !geteuid || !getegid) throw new Error('this platform has no user ids');
  const [uid, gid] = [geteuid(), getegid()];
  chmodSync(runDirectory, 0o1777);
  for (const daemon of daemons) {
    setegid(daemon.gid);
    seteuid(daemon.uid);
    try {
      mkdirSync(join(runDirectory, daemon.name), { mode: 0o700 });
    } finally {
      seteuid(uid);
      setegid(gid);
    }
  }
  chmodSync(runDirectory, 0o755);
}
