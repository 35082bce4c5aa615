import type { ChangedEntry } from './changed-entries.ts';
import type { CheckName } from './finding.ts';
import { toShownPath } from './finding-text.ts';
import type { ObjectReader } from './object-reader.ts';
import {
  type BlobRole,
  createBlobReceiver,
  type InspectionState,
  type ObjectPlace,
  toFinding,
  toPushFinding,
} from './object-receivers.ts';
import { isHookPath, toControlFile } from './path-rules.ts';

/**
 * Entries of one push. A tree of trees of trees can name more files than there are atoms; git would list
 * them all.
 */
const maxEntries = 500_000;

/** Of their paths, all together. */
const maxNameCharacters = 128 * 1024 * 1024;

/** Between paths that are read together: no part of any form, nor of an encoding. */
const separator = '\u001f';

/** Of what is remembered as seen. Beyond it is forgotten and looked at again: slower, never less. */
const maxSeenCharacters = 32 * 1024 * 1024;

const folderMode = '040000';
const linkMode = '120000';
const submoduleMode = '160000';

/**
 * Judges changed entries by their names and modes, and asks for what they hold. An object is looked at
 * once for each thing it is looked at for: the same bytes can first be a file and then a link.
 */
export function createEntryInspector(state: InspectionState, reader: ObjectReader) {
  const { list, scanner } = state;
  const seenObjects = createSeen();
  const seenPaths = createSeen();
  /** Paths with a secret in their name. */
  const unshown = new Set<string>();
  let count = 0;
  let characters = 0;

  /**
   * SECURITY: every path is read, each once. Together first, for a look at many bytes costs little more
   * than one at a few.
   */
  function inspectNames(entries: readonly ChangedEntry[]): void {
    const fresh = entries.filter(({ path }) => seenPaths.add(path));
    if (fresh.length === 0) return;
    const together = fresh.map(({ path }) => path).join(separator);
    if (scanner.push(Buffer.from(together, 'latin1'), true).length === 0) return;
    for (const { commit, path } of fresh) {
      for (const hit of scanner.push(Buffer.from(path, 'latin1'), true)) {
        unshown.add(path);
        list.add(toFinding(hit, { commit, path: null, place: 'file-name', line: null }), null);
      }
    }
  }

  function request(entry: ChangedEntry, at: ObjectPlace, role: BlobRole): void {
    const key = role === 'content' ? entry.id : `${role} ${entry.id} ${role === 'link' ? entry.path : ''}`;
    if (seenObjects.add(key)) reader.request(entry.id, createBlobReceiver(state, at, role));
  }

  function inspectEntry(entry: ChangedEntry): void {
    const { commit, path, mode } = entry;
    const at = { commit, path, shownPath: unshown.has(path) ? null : toShownPath(path) };
    const add = (check: CheckName, says: string) => {
      const finding = { rule: check, layer: 'git', place: 'file', commit, line: null, says } as const;
      list.add({ ...finding, path: at.shownPath }, check);
    };
    if (mode === folderMode) return;
    if (isHookPath(path)) add('hooks', 'is a hook, or tells a program of hooks what to run');
    if (mode === submoduleMode) {
      add('submodules', "is a submodule's commit");
      return;
    }
    request(entry, at, 'content');
    const control = toControlFile(path);
    if (mode === linkMode) {
      request(entry, at, 'link');
      if (control !== null) add('symlinks', 'is a link in the place of a file that git obeys');
    } else if (control !== null) {
      request(entry, at, control);
    }
  }

  return {
    /** Judges the next entries. */
    inspect(entries: readonly ChangedEntry[]): void {
      count += entries.length;
      characters += entries.reduce((sum, { path }) => sum + path.length, 0);
      if (count > maxEntries || characters > maxNameCharacters) {
        list.stop(
          toPushFinding('too-many-files', `changes more than ${maxEntries} files, or files with long names`),
        );
        return;
      }
      inspectNames(entries);
      for (const entry of entries) inspectEntry(entry);
    },
  };
}

/** A set that starts anew before it grows too large. */
function createSeen() {
  let seen = new Set<string>();
  let characters = 0;
  return {
    /** Whether it was not there. */
    add(key: string): boolean {
      if (seen.has(key)) return false;
      characters += key.length;
      if (characters > maxSeenCharacters) {
        seen = new Set();
        characters = key.length;
      }
      seen.add(key);
      return true;
    },
  };
}
