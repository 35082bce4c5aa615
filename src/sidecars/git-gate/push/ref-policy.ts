import type { GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import { compileGlob, globMatches } from '../../../policy/path-glob.ts';
import type { RefUpdate } from '../../../queue/proposal.ts';
import { isNoObject, isObjectId } from '../git/object-id.ts';
import { findRefNameFault } from './ref-name.ts';

/** What the policy is about. */
export type PushRules = Pick<GitRemotePlan, 'name' | 'push' | 'force'> & {
  readonly limits: Pick<GitRemotePlan['limits'], 'maxRefs'>;
};

/** One ref of a push, as git tells the hook. */
export interface PushedRef {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

/** What must be looked up in the repository. */
export interface RefFacts {
  /** Whether a branch's old commit is one of the new one's ancestors. */
  isFastForward(update: PushedRef): boolean;
  /** Whether everything on the branch came from this bottle. */
  isOwn(update: PushedRef): boolean;
}

/** A push that is refused. The message is one or two sentences for the agent. */
export class PushRefusal extends Error {
  override readonly name = 'PushRefusal';
  readonly layer: 'git' | 'dlp';

  constructor(message: string, layer: 'git' | 'dlp' = 'git') {
    super(message);
    this.layer = layer;
  }
}

/**
 * Makes the updates from what git writes to the hook: `<old> <new> <ref>`, a line each.
 * @throws PushRefusal when it is anything else
 */
export function parsePushedRefs(text: string): readonly PushedRef[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw new PushRefusal('The push names no ref.');
  return lines.map((line) => {
    const [old = '', pushed = '', ...rest] = line.split(' ');
    if (!isObjectId(old) || !isObjectId(pushed)) throw new PushRefusal('The push names no object.');
    return { old, new: pushed, ref: rest.join(' ') };
  });
}

/**
 * Refuses by names alone, before anything of the push is looked at.
 * SECURITY: one ref that may not be pushed refuses the whole push.
 * @throws PushRefusal
 */
export function checkRefNames(rules: PushRules, updates: readonly PushedRef[]): void {
  if (updates.length > rules.limits.maxRefs) {
    throw new PushRefusal(
      `A push may change ${rules.limits.maxRefs} refs at most, and this one changes ${updates.length}.`,
    );
  }
  if (new Set(updates.map(({ ref }) => ref)).size !== updates.length) {
    throw new PushRefusal('The push names a ref twice.');
  }
  for (const { ref, new: pushed } of updates) {
    const fault = findRefNameFault(ref);
    if (fault !== null) throw new PushRefusal(`${quote(ref)} ${fault}.`);
    if (!isPushable(rules.push, ref))
      throw new PushRefusal(`${quote(ref)} may not be pushed. ${toAllowedSentence(rules)}`);
    if (isNoObject(pushed))
      throw new PushRefusal(`${quote(ref)} may not be deleted: nothing is deleted through the gate.`);
  }
}

/**
 * Decides what kind of change each update is, and whether it may be.
 * @param updates ones that {@link checkRefNames} let pass
 * @throws PushRefusal
 */
export function decideChanges(
  rules: PushRules,
  updates: readonly PushedRef[],
  facts: RefFacts,
): readonly RefUpdate[] {
  return updates.map((update): RefUpdate => {
    const { ref } = update;
    if (isNoObject(update.old)) return { ...update, change: 'create' };
    if (!ref.startsWith('refs/heads/')) {
      throw new PushRefusal(`${quote(ref)} is there already, and a tag is never moved through the gate.`);
    }
    if (facts.isFastForward(update)) return { ...update, change: 'fast-forward' };
    if (!rules.force) {
      throw new PushRefusal(
        `${quote(ref)} has commits that this push would drop, and this remote takes no push by force. Fetch, then merge or rebase onto what is there.`,
      );
    }
    // SECURITY: a push by force drops what the bottle itself pushed, never another's work.
    if (!facts.isOwn(update)) {
      throw new PushRefusal(
        `${quote(ref)} holds commits that did not come from this bottle, so it may not be pushed by force. Fetch and merge, or push to a new branch.`,
      );
    }
    return { ...update, change: 'force' };
  });
}

/** Whether a full name is one that the manifest's patterns allow; short patterns are of branches. */
export function isPushable(patterns: readonly string[], ref: string): boolean {
  return patterns.some((pattern) => {
    const full = pattern.startsWith('refs/') ? pattern : `refs/heads/${pattern}`;
    return globMatches(
      compileGlob(full, (text) => text),
      ref,
    );
  });
}

/** Says what may be pushed. */
export function toAllowedSentence({ name, push }: Pick<PushRules, 'name' | 'push'>): string {
  if (push.length === 0) return `${name} is read-only here: nothing may be pushed to it.`;
  return `To ${name} these may be pushed: ${push.join(', ')}. Push to such a branch, or ask your operator.`;
}

/** A guest's name in a sentence: only what can be seen, and not too long. */
function quote(ref: string): string {
  return `"${ref.replace(/[^\x20-\x7e]/gu, '?').slice(0, 100)}"`;
}
