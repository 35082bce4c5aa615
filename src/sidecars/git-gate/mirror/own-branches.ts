import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNoObject, isObjectId } from '../git/object-id.ts';

/**
 * Branches that this bottle made through its gate, and what it last pushed to each.
 *
 * INVARIANT: a branch is the bottle's own while everything that ever was on it came through the gate. It is lost for good when
 * somebody else has pushed to it, so that a push by force never drops another's work.
 */
export interface OwnBranches {
  /** Whether the bottle made the branch and upstream still has what the bottle last pushed. */
  isOwn(ref: string, current: string): boolean;
  /** Notes what upstream has taken. */
  record(
    updates: readonly { readonly ref: string; readonly old: string; readonly new: string }[],
  ): Promise<void>;
}

const fileName = 'bottle-own-branches.json';

/** Reads the record of a mirror; without one, nothing is the bottle's own. */
export async function openOwnBranches(repository: string): Promise<OwnBranches> {
  const path = join(repository, fileName);
  const own = parseRecord(await readFile(path, 'utf8').catch(() => '{}'));
  return {
    isOwn: (ref, current) => own.get(ref) === current,
    async record(updates) {
      for (const { ref, old, new: pushed } of updates) {
        if (!ref.startsWith('refs/heads/')) continue;
        if (isNoObject(old) || own.get(ref) === old) own.set(ref, pushed);
        else own.delete(ref);
      }
      await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries(own)));
      await rename(`${path}.new`, path);
    },
  };
}

/** SECURITY: what is not as it was written gives no right: a record that cannot be read is an empty one. */
function parseRecord(text: string): Map<string, string> {
  const own = new Map<string, string>();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return own;
    for (const [ref, id] of Object.entries(value)) {
      if (ref.startsWith('refs/heads/') && typeof id === 'string' && isObjectId(id)) own.set(ref, id);
    }
    return own;
  } catch {
    return new Map();
  }
}
