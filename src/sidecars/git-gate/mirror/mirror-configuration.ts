import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';

/**
 * The whole `config` of a mirror. SECURITY: what is about pushes is a second fence, behind the policy that the gate decides by.
 * @param hooks the gate's folder of hooks, read-only
 */
export function toMirrorConfiguration(
  { force, limits }: Pick<GitRemotePlan, 'force' | 'limits'>,
  hooks: string,
): string {
  return [
    '[core]',
    '\trepositoryformatversion = 0',
    '\tbare = true',
    '\tfilemode = true',
    '\tlogAllRefUpdates = false',
    `\thooksPath = "${hooks}"`,
    // Larger files are passed through piece by piece, not held in memory.
    '\tbigFileThreshold = 16m',
    // The mirror is gone with its bottle; what a crash loses is fetched again.
    '\tfsync = none',
    '[receive]',
    '\tfsckObjects = true',
    '\tdenyDeletes = true',
    `\tdenyNonFastForwards = ${!force}`,
    '\tdenyCurrentBranch = ignore',
    '\tshallowUpdate = false',
    '\tautogc = false',
    '\tupdateServerInfo = false',
    '\tadvertisePushOptions = false',
    `\tmaxInputSize = ${limits.maxPushBytes}`,
    // SECURITY: a push lies on disk as it was sent. Unpacked, a few deltas against one file could fill it.
    '\tunpackLimit = 1',
    '[uploadpack]',
    '\tallowFilter = true',
    '\tallowAnySHA1InWant = false',
    '[gc]',
    '\tauto = 0',
    '[maintenance]',
    '\tauto = false',
    '[pack]',
    '\tthreads = 4',
    '',
  ].join('\n');
}
