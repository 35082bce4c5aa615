import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import type { CheckName, Finding } from './finding.ts';

/** What one inspection has found so far. */
export interface FindingList {
  readonly findings: readonly Finding[];
  readonly reports: readonly Finding[];
  readonly more: boolean;
  readonly moreReports: boolean;
  /** Fires when there is no use in looking further: the push is refused. */
  readonly stopped: AbortSignal;
  /** Something the push is refused for, or, where a check of the manifest found it, what that check says. */
  add(finding: Finding, check: CheckName | null): void;
  /** Something for which the rest is not looked at. */
  stop(finding: Finding): void;
}

/** Of each list. The agent has enough to mend with that, and the operator to judge by. */
const mostListed = 50;

/** Lists each rule once for a path, or once for a commit where it is about no file. */
export function createFindingList(checks: GitRemotePlan['checks']): FindingList {
  const findings: Finding[] = [];
  const reports: Finding[] = [];
  const seen = new Set<string>();
  const stopped = new AbortController();
  let more = false;
  let moreReports = false;

  function add(finding: Finding, check: CheckName | null): void {
    const { rule, place, path, commit, says } = finding;
    const key = JSON.stringify([rule, place, path ?? commit, says]);
    if (stopped.signal.aborted || seen.has(key)) return;
    const list = check !== null && checks[check] === 'report' ? reports : findings;
    if (list.length < mostListed) {
      seen.add(key);
      list.push(finding);
      return;
    }
    if (list === reports) {
      moreReports = true;
      return;
    }
    more = true;
    stopped.abort();
  }

  return {
    findings,
    reports,
    get more() {
      return more;
    },
    get moreReports() {
      return moreReports;
    },
    stopped: stopped.signal,
    add,
    stop(finding) {
      add(finding, null);
      more = true;
      stopped.abort();
    },
  };
}
