import type { ObjectReceiver } from './answer-parser.ts';
import { createObjectReader } from './object-reader.ts';
import { beginObject, type InspectionState, toFinding, toPushFinding } from './object-receivers.ts';
import type { PushRepository } from './push.ts';

/** Tags of tags of tags: nobody needs more. */
const maxTagDepth = 5;

/** Of one tag's text. */
const maxTagBytes = 64 * 1024;

/**
 * Looks at every tag that the new ids are, and at tags they point to; returns the commits at the end. What
 * ends at anything but a commit is refused, for then there is no history to look at.
 */
export async function inspectTips(
  repository: PushRepository,
  ids: readonly string[],
  state: InspectionState,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const commits: string[] = [];
  let next = ids;
  for (let depth = 0; next.length > 0; depth += 1) {
    if (depth > maxTagDepth) {
      state.list.stop(toPushFinding('odd-ref', 'holds a tag of a tag of a tag, and so on'));
      return [];
    }
    const targets: string[] = [];
    using reader = createObjectReader(repository, signal);
    for (const id of next) reader.request(id, createTipReceiver(state, id, commits, targets));
    await reader.end();
    next = targets;
  }
  return commits;
}

function createTipReceiver(
  state: InspectionState,
  id: string,
  commits: string[],
  targets: string[],
): ObjectReceiver {
  let isTag = false;
  return {
    begin(type, size) {
      if (type === 'commit') {
        commits.push(id);
      } else if (type === 'tag') {
        isTag = true;
        beginObject(state, 'tag', type, size, { commit: id, path: null });
        const where = { commit: id, path: null, line: null, place: 'tag', layer: 'git' } as const;
        if (size > maxTagBytes) {
          state.list.stop({ ...where, rule: 'too-large', says: `is larger than ${maxTagBytes} bytes` });
        }
      } else {
        state.list.stop(toPushFinding('odd-ref', `sets a ref to a ${type}, which is no commit`));
      }
    },
    push(bytes, last) {
      if (!isTag) return;
      for (const hit of state.scanner.push(bytes, last)) {
        state.list.add(toFinding(hit, { commit: id, path: null, place: 'tag', line: hit.line }), null);
      }
      targets.push(parseTarget(bytes));
    },
  };
}

/** A tag's first line names what it is of. */
function parseTarget(tag: Buffer): string {
  const target = /^object ([0-9a-f]{40}|[0-9a-f]{64})\n/.exec(tag.toString('latin1', 0, 80))?.[1];
  if (target === undefined) throw new Error('a tag does not say what it is of');
  return target;
}
