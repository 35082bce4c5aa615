import { isObjectId } from '../git/object-id.ts';

/** What a repository shows: every branch and tag, and which branch its HEAD is. */
export interface RefState {
  /** Object ids by full name. */
  readonly refs: ReadonlyMap<string, string>;
  /** A branch's full name, or null where HEAD is not known to be one. */
  readonly head: string | null;
}

const isMirrored = (ref: string): boolean => ref.startsWith('refs/heads/') || ref.startsWith('refs/tags/');

/** Reads what `git ls-remote --symref` prints; what is neither branch nor tag is passed over. */
export function parseRemoteRefs(text: string): RefState {
  const refs = new Map<string, string>();
  let head: string | null = null;
  for (const line of text.split('\n')) {
    const [value = '', name = ''] = line.split('\t');
    if (name === 'HEAD' && value.startsWith('ref: refs/heads/')) head = value.slice('ref: '.length);
    // `^{}` is what a tag stands for, said beside it.
    else if (isMirrored(name) && !name.endsWith('^{}') && isObjectId(value)) refs.set(name, value);
  }
  return { refs, head };
}

/** Reads what `git for-each-ref --format='%(objectname) %(refname)'` prints. */
export function parseLocalRefs(text: string): ReadonlyMap<string, string> {
  const refs = new Map<string, string>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space !== -1) refs.set(line.slice(space + 1), line.slice(0, space));
  }
  return refs;
}

/** Whether two repositories show the same branches and tags. */
export function areSameRefs(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, id]) => other.get(name) === id);
}
