import type { RunningBottle, SessionEnd } from '../../backends/backend.ts';

/** How a session with a process of the guest ended, as `--json` prints it. */
export interface SessionResult {
  readonly name: string;
  readonly slug: string;
  /** `guest`: the status is that of the guest's process. A status that is bottle's own comes with an `error` instead. */
  readonly endedBy: 'guest' | 'detached';
  readonly status: number;
}

/** Makes the guest's exit status this command's own, and says so. */
export function toSessionResult(bottle: RunningBottle, end: SessionEnd): SessionResult {
  const { name, slug } = bottle;
  if (end.kind === 'detached') return { name, slug, endedBy: 'detached', status: 0 };
  process.exitCode = end.status;
  return { name, slug, endedBy: 'guest', status: end.status };
}
