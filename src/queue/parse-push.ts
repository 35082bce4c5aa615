import type { PushProposal, RefUpdate } from './proposal.ts';
import {
  invalid,
  readChoice,
  readList,
  readMatch,
  readObject,
  readText,
  readWholeNumber,
} from './queue-fields.ts';
import { queueLimits } from './queue-limits.ts';

const remoteName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** What git allows in a ref's name, no more; finer rules are the gate's. */
const refName = /^refs\/[^\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}~^:?*[\\]+$/u;

/**
 * Makes a push's proposal from any value.
 * @throws BottleError `request-invalid`
 */
export function parsePush(value: unknown): PushProposal {
  const push = readObject(value, 'the push', ['kind', 'remote', 'updates', 'commits', 'diffstat', 'reports']);
  const updates = readList(push.updates, 'updates', queueLimits.maxRefUpdates, parseUpdate);
  if (updates.length === 0) throw invalid('updates is an empty list');
  return {
    kind: 'push',
    remote: readMatch(push.remote, 'remote', remoteName, 'the name of a remote'),
    updates,
    commits: readWholeNumber(push.commits, 'commits', 0, 1_000_000_000),
    diffstat: readText(push.diffstat, 'diffstat', 0, queueLimits.maxDiffstatLength),
    reports: readList(push.reports, 'reports', queueLimits.maxReports, (report, at) =>
      readText(report, at, 1, queueLimits.maxReportLength),
    ),
  };
}

function parseUpdate(value: unknown, at: string): RefUpdate {
  const update = readObject(value, at, ['ref', 'old', 'new', 'change']);
  const ref = readText(update.ref, `${at}.ref`, 1, queueLimits.maxRefLength);
  return {
    ref: readMatch(ref, `${at}.ref`, refName, 'the full name of a ref'),
    old: readMatch(update.old, `${at}.old`, objectId, 'an object id'),
    new: readMatch(update.new, `${at}.new`, objectId, 'an object id'),
    change: readChoice(update.change, `${at}.change`, ['create', 'fast-forward', 'force']),
  };
}
