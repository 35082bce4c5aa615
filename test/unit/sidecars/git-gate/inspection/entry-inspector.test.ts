import { describe, expect, it } from 'vitest';
import { createContentScanner } from '../../../../../src/scan/content-scanner.ts';
import { createScanTables } from '../../../../../src/scan/scan-tables.ts';
import type { ChangedEntry } from '../../../../../src/sidecars/git-gate/inspection/changed-entries.ts';
import { createEntryInspector } from '../../../../../src/sidecars/git-gate/inspection/entry-inspector.ts';
import { createFindingList } from '../../../../../src/sidecars/git-gate/inspection/finding-list.ts';
import { githubToken } from '../../../scan/support/tokens.ts';
import { refuseAll } from './support/pushed-repository.ts';

const commit = 'c'.repeat(40);
const id = 'b'.repeat(40);
const entry = (path: string, mode = '100644'): ChangedEntry => ({ commit, mode, id, path });

/** An inspector whose requests are only noted. */
function createInspector() {
  const list = createFindingList(refuseAll);
  const requested: string[] = [];
  const reader = {
    request: (object: string) => void requested.push(object),
    flush: () => Promise.resolve(),
    end: () => Promise.resolve(),
    [Symbol.dispose]: () => {},
  };
  const limits = { maxFileBytes: 1, maxUnpackedBytes: 1, maxCommits: 1 };
  const scanner = createContentScanner(createScanTables([]));
  return {
    list,
    requested,
    inspector: createEntryInspector({ list, scanner, limits, unpackedBytes: 0 }, reader),
  };
}

describe('changed entries', () => {
  it('are bounded in number', () => {
    const { list, inspector } = createInspector();
    const thousand = Array.from({ length: 1000 }, (_, index) => entry(`file-${index}`));
    for (let count = 0; count < 500; count += 1) inspector.inspect(thousand);
    expect(list.findings).toEqual([]);
    inspector.inspect([entry('one more')]);
    expect(list.findings).toMatchObject([{ rule: 'too-many-files' }]);
    expect(list.stopped.aborted).toBe(true);
  });

  it('are bounded in the length of their names', () => {
    const { list, inspector } = createInspector();
    const long = Array.from({ length: 1024 }, () => entry('n'.repeat(4096)));
    for (let count = 0; count < 32; count += 1) inspector.inspect(long);
    expect(list.findings).toEqual([]);
    inspector.inspect(long);
    expect(list.findings).toMatchObject([{ rule: 'too-many-files' }]);
  });

  it('are asked for once for what they hold, and once more for each thing they are', () => {
    const { requested, inspector } = createInspector();
    inspector.inspect([entry('a'), entry('b'), entry('.gitattributes'), entry('x/.gitattributes')]);
    expect(requested).toHaveLength(2);
    inspector.inspect([entry('l', '120000'), entry('m/n', '120000'), entry('folder', '040000')]);
    expect(requested).toHaveLength(4);
  });

  it('have their names read among many others', () => {
    const { list, inspector } = createInspector();
    // The second is one only between boundaries: names that are read together must not become one text.
    inspector.inspect([entry('a'), entry(`b/${githubToken}`), entry('AKIAQ7ZT2MXW4KBN5RLC'), entry('c')]);
    expect(list.findings).toMatchObject([
      { rule: 'github-token', place: 'file-name', commit, path: null },
      { rule: 'aws-access-key-id', place: 'file-name', commit, path: null },
    ]);
  });
});
