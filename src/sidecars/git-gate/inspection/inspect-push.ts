import { createContentScanner } from '../../../scan/content-scanner.ts';
import { isNoObject, isObjectId } from '../git/object-id.ts';
import { readChangedEntries } from './changed-entries.ts';
import { createEntryInspector } from './entry-inspector.ts';
import { createFindingList } from './finding-list.ts';
import { listNewCommits } from './new-commits.ts';
import { createObjectReader } from './object-reader.ts';
import { createCommitReceiver, type InspectionState, toFinding, toPushFinding } from './object-receivers.ts';
import type {
  InspectionLimits,
  InspectionRules,
  PushInspection,
  PushRepository,
  PushUpdate,
} from './push.ts';
import { inspectTips } from './tips.ts';

/**
 * Looks at everything that a push would bring to upstream and that no ref of the mirror leads to yet: ref
 * names, tags, raw commits, and every entry of every tree that none of the commit's parents has. There is
 * no contact with upstream. SECURITY: a push may go on only where this returned no findings. What cannot
 * be looked at is an error or a finding, never a pass.
 * @throws Error when git fails, an object is not what it should be, or the signal fires
 */
export async function inspectPush(
  repository: PushRepository,
  updates: readonly PushUpdate[],
  rules: InspectionRules,
  limits: InspectionLimits,
  signal: AbortSignal,
): Promise<PushInspection> {
  signal.throwIfAborted();
  const list = createFindingList(rules.checks);
  const state: InspectionState = {
    list,
    limits,
    scanner: createContentScanner(rules.known),
    unpackedBytes: 0,
  };
  let newCommits = 0;
  try {
    newCommits = await inspectObjects(repository, updates, state, AbortSignal.any([signal, list.stopped]));
  } catch (cause) {
    // What was stopped has its finding; git was ended in the middle of its words.
    if (signal.aborted || !list.stopped.aborted) throw cause;
  }
  const { findings, reports, more, moreReports } = list;
  return { findings, reports, more, moreReports, newCommits, unpackedBytes: state.unpackedBytes };
}

/** Returns the number of new commits. */
async function inspectObjects(
  repository: PushRepository,
  updates: readonly PushUpdate[],
  state: InspectionState,
  signal: AbortSignal,
): Promise<number> {
  const { list, limits } = state;
  for (const { ref } of updates) {
    for (const hit of state.scanner.push(Buffer.from(ref), true)) {
      list.add(toFinding(hit, { commit: null, path: null, place: 'ref-name', line: null }), null);
    }
  }
  const ids = new Set(updates.map((update) => parseId(update.new)).filter((id) => !isNoObject(id)));
  if (ids.size === 0) return 0;
  const tips = await inspectTips(repository, [...ids], state, signal);
  signal.throwIfAborted();
  const commits = await listNewCommits(repository, tips, limits.maxCommits, signal);
  if (commits.length > limits.maxCommits) {
    list.stop(toPushFinding('too-many-commits', `has more than ${limits.maxCommits} new commits`));
    return commits.length;
  }
  using reader = createObjectReader(repository, signal);
  const inspector = createEntryInspector(state, reader);
  for (const commit of commits) reader.request(commit, createCommitReceiver(state, commit));
  await reader.flush();
  for await (const entries of readChangedEntries(repository, commits, signal)) {
    inspector.inspect(entries);
    await reader.flush();
  }
  await reader.end();
  signal.throwIfAborted();
  return commits.length;
}

/** SECURITY: only whole ids reach git, so that none is read as an option or as a name. */
function parseId(id: string): string {
  if (!isObjectId(id)) throw new Error('an update has an id that is none');
  return id;
}
