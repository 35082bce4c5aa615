import { join } from 'node:path';
import type { GitGatePlan } from '../../plans/git-gate-plan.ts';

/** Where the gate finds what it needs and keeps what is its own. Absolute paths. */
export interface GateFolders {
  /** The operator's answers; read-only. */
  readonly decisions: string;
  /** Keys, tokens' certificates and the hook's socket: in memory, for the gate's user alone. */
  readonly run: string;
  /** Programs that git starts: the ssh client's configuration and, in `hooks/`, the one hook. Read-only. */
  readonly programs: string;
  readonly mirrors: string;
  readonly queue: string;
}

/** @param root the folder that stands for `/`: the daemon's own file system, or a test's */
export function toGateFolders(root: string, plan: GitGatePlan): GateFolders {
  return {
    decisions: join(root, '/etc/bottle/decisions'),
    run: join(root, '/run/git-gate'),
    programs: join(root, '/opt/bottle/git-gate'),
    mirrors: join(root, plan.mirrorDirectory),
    queue: join(root, plan.queueDirectory),
  };
}
