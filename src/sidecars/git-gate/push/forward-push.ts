import type { GitGateLimits } from '../../../plans/git-gate-plan.ts';
import type { RefUpdate } from '../../../queue/proposal.ts';
import { runGit } from '../git/git-process.ts';
import { readingBounds, toBoundedGit } from '../git/git-program.ts';
import type { HookQuestion } from '../hook/hook-protocol.ts';
import type { UpstreamAccess } from '../upstream/upstream-access.ts';
import { toUpstreamFailure, UpstreamFailure } from '../upstream/upstream-failure.ts';
import { PushRefusal } from './ref-policy.ts';
import { toUpstreamWords } from './upstream-words.ts';

/** Where a push's objects are: as git has it for its hook. */
export type Quarantine = Pick<HookQuestion, 'objectDirectory' | 'alternateObjectDirectories'>;

const maxOutputBytes = 4 * 1024 * 1024;

/**
 * Pushes to upstream, all refs or none. Each ref must still be there what the mirror has, or the push is refused: so nobody's
 * work is dropped by a push that did not know of it.
 * @param say gets upstream's own words
 * @throws PushRefusal when upstream took nothing; UpstreamFailure when it could not be asked, or did not answer
 */
export async function forwardPush(
  repository: string,
  access: UpstreamAccess,
  updates: readonly RefUpdate[],
  quarantine: Quarantine,
  limits: GitGateLimits,
  say: (line: string) => void,
): Promise<void> {
  const late = AbortSignal.timeout(limits.pushTimeoutMs);
  const end = await runGit({
    argv: [...toBoundedGit(limits, readingBounds), ...toPushArguments(access.url, updates)],
    cwd: repository,
    env: {
      ...access.env,
      GIT_OBJECT_DIRECTORY: quarantine.objectDirectory,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quarantine.alternateObjectDirectories,
    },
    signal: late,
    maxOutputBytes,
  }).catch((error: unknown) => {
    throw late.aborted ? new UpstreamFailure('timed-out', access.host, '') : error;
  });
  const words = toUpstreamWords(end.stderr, end.stdout);
  for (const line of words) say(line);
  if (end.status === 0) return;
  // A line of the porcelain output is upstream's own answer; without one it was not asked.
  if (/^!\t/m.test(end.stdout)) {
    const isStale = /\(stale info\)|fetch first/.test(end.stdout);
    throw new PushRefusal(
      isStale
        ? `${access.host} has commits on that branch that the gate has not seen, so nothing was pushed. Fetch, then merge or rebase, and push again.`
        : `${access.host} refused the push; its own words are above. Nothing was pushed.`,
    );
  }
  throw new UpstreamFailure(toUpstreamFailure(end.stderr), access.host, end.stderr);
}

function toPushArguments(url: string, updates: readonly RefUpdate[]): readonly string[] {
  return [
    'push',
    '--porcelain',
    '--no-progress',
    '--no-verify',
    '--no-signed',
    '--no-follow-tags',
    '--recurse-submodules=no',
    // Not every server knows it, and one ref alone is atomic without.
    ...(updates.length > 1 ? ['--atomic'] : []),
    ...updates.map(({ ref, old, change }) => `--force-with-lease=${ref}:${change === 'create' ? '' : old}`),
    '--end-of-options',
    url,
    ...updates.map(({ ref, new: pushed }) => `${pushed}:${ref}`),
  ];
}
