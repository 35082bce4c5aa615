import type { GitGateLimits, GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import type { RefUpdate } from '../../../queue/proposal.ts';
import { queueLimits } from '../../../queue/queue-limits.ts';
import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Log } from '../../daemon/log.ts';
import type { RequestQueue } from '../../daemon/request-queue.ts';
import { runGit } from '../git/git-process.ts';
import { readingBounds, toBoundedGit, toGitEnvironment } from '../git/git-program.ts';
import { isNoObject } from '../git/object-id.ts';
import type { HookQuestion } from '../hook/hook-protocol.ts';
import { toFindingText } from '../inspection/finding-text.ts';
import { inspectPush } from '../inspection/inspect-push.ts';
import type { PushInspection } from '../inspection/push.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { Turns } from '../mirror/turns.ts';
import type { UpstreamAccess } from '../upstream/upstream-access.ts';
import { approvePush } from './approve-push.ts';
import { describePush, type ReadGit } from './describe-push.ts';
import { checkRefNames, decideChanges, type PushedRef, PushRefusal, parsePushedRefs } from './ref-policy.ts';

/** What a push is decided by. */
export interface PushRulings {
  readonly remote: GitRemotePlan;
  readonly mirror: Mirror;
  readonly access: UpstreamAccess;
  readonly limits: GitGateLimits;
  /** A folder without any git files. */
  readonly home: string;
  readonly known: ScanTables;
  /** Of all remotes: one push is looked through at a time. */
  readonly inspections: Turns;
  readonly queue: RequestQueue;
  readonly log: Log;
}

const maxOutputBytes = 1024 * 1024;

/**
 * Everything that is decided about a push before upstream hears of it: names, contents, the operator's word.
 *
 * INVARIANT: nothing in here speaks with upstream.
 * @param gone fires when the one who pushed no longer waits
 * @throws PushRefusal
 */
export async function decidePush(
  { remote, mirror, limits, home, known, inspections, queue, log }: PushRulings,
  question: HookQuestion,
  gone: AbortSignal,
  say: (line: string) => void,
): Promise<readonly RefUpdate[]> {
  const pushed = parsePushedRefs(question.updates);
  checkRefNames(remote, pushed);
  if (question.objectDirectory === '') throw new PushRefusal('The push brings no objects.');
  const argv = toBoundedGit(limits, readingBounds);
  const env = {
    ...toGitEnvironment(home),
    GIT_OBJECT_DIRECTORY: question.objectDirectory,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: question.alternateObjectDirectories,
  };
  const run = (args: readonly string[]) =>
    runGit({ argv: [...argv, ...args], cwd: mirror.directory, env, signal: gone, maxOutputBytes });
  const read: ReadGit = async (args) => {
    const end = await run(args);
    if (end.status !== 0) throw new Error(`git ${args[0]} ended with ${end.status}: ${end.stderr}`);
    return end.stdout;
  };
  const fastForwards = new Set<PushedRef>();
  for (const update of pushed) {
    if (isNoObject(update.old)) continue;
    const end = await run(['merge-base', '--is-ancestor', '--end-of-options', update.old, update.new]);
    if (end.status === 0) fastForwards.add(update);
  }
  const updates = decideChanges(remote, pushed, {
    isFastForward: (update) => fastForwards.has(update),
    isOwn: ({ ref, old }) => mirror.ownBranches.isOwn(ref, old),
  });
  const repository = {
    git: argv,
    directory: mirror.directory,
    objectDirectory: question.objectDirectory,
    alternateObjectDirectories: question.alternateObjectDirectories,
  };
  const rules = { known, checks: remote.checks };
  // SECURITY: what one push takes of the gate's memory is bounded; a guest decides how many it pushes at once.
  const inspection = await inspections.take(
    () => inspectPush(repository, pushed, rules, remote.limits, gone),
    gone,
  );
  const reports = inspection.reports.map(toFindingText);
  for (const report of reports) {
    say(`warning: ${report}`);
    log.write({ level: 'warn', event: 'git-report', remote: remote.name, message: report });
  }
  refuseFindings(inspection, say);
  if (remote.approve) {
    const { diffstat, subjects } = await describePush(read, updates);
    const proposal = {
      kind: 'push',
      remote: remote.name,
      updates,
      commits: inspection.newCommits,
      diffstat,
      reports: reports
        .slice(0, queueLimits.maxReports)
        .map((report) => report.slice(0, queueLimits.maxReportLength)),
    } as const;
    await approvePush(queue, proposal, subjects, gone, say);
  }
  return updates;
}

/** SECURITY: one finding, or an inspection that did not see everything, refuses the push. */
function refuseFindings({ findings, more }: PushInspection, say: (line: string) => void): void {
  const [first] = findings;
  if (first === undefined && !more) return;
  // One alone is in the refusal itself.
  if (findings.length > 1) for (const finding of findings) say(toFindingText(finding));
  if (more) say('There is more than is listed here.');
  throw new PushRefusal(
    first === undefined
      ? 'The push could not be looked through, so it is refused.'
      : `${toFindingText(first)}. Take it out of every commit of the push (git rebase), then push again.`,
    findings.some(({ layer }) => layer === 'dlp') ? 'dlp' : 'git',
  );
}
