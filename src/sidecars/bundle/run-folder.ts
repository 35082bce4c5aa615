import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonPlan } from '../../plans/bundle-plan.ts';

/**
 * Makes `<runDirectory>/<daemon>`, readable for its daemon alone. Init has no right to give files away
 * (CAP_CHOWN), so it makes the folder as that user and turns back.
 * @throws Error when the folder is there already or the run directory is not writable for everyone.
 */
export function makeRunFolder(runDirectory: string, daemon: DaemonPlan): void {
  const { geteuid, getegid, seteuid, setegid } = process;
  if (!geteuid || !getegid || !seteuid || !setegid) throw new Error('this platform has no user ids');
  const [uid, gid] = [geteuid(), getegid()];
  setegid(daemon.gid);
  seteuid(daemon.uid);
  try {
    mkdirSync(join(runDirectory, daemon.name), { mode: 0o700 });
  } finally {
    seteuid(uid);
    setegid(gid);
  }
}
