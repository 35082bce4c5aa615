import { describe, expect, it } from 'vitest';
import { createContentScanner } from '../../../../../src/scan/content-scanner.ts';
import { createScanTables } from '../../../../../src/scan/scan-tables.ts';
import { createFindingList } from '../../../../../src/sidecars/git-gate/inspection/finding-list.ts';
import {
  createBlobReceiver,
  createCommitReceiver,
} from '../../../../../src/sidecars/git-gate/inspection/object-receivers.ts';
import { refuseAll } from './support/pushed-repository.ts';

const createState = () => ({
  list: createFindingList(refuseAll),
  scanner: createContentScanner(createScanTables([])),
  limits: { maxFileBytes: 1000, maxUnpackedBytes: 1500, maxCommits: 1 },
  unpackedBytes: 0,
});
const at = { commit: 'c'.repeat(40), path: 'file', shownPath: 'file' };

describe('an object', () => {
  it('that is not what its place asks for is an error', () => {
    const state = createState();
    expect(() => createBlobReceiver(state, at, 'content').begin('tree', 10)).toThrow(
      'a tree lies where a blob belongs',
    );
    expect(() => createBlobReceiver(state, at, 'link').begin('commit', 10)).toThrow('where a blob belongs');
    expect(() => createCommitReceiver(state, at.commit).begin('blob', 10)).toThrow('where a commit belongs');
    createBlobReceiver(state, at, 'content').begin('blob', 10);
    createCommitReceiver(state, at.commit).begin('commit', 10);
    expect(state.list.findings).toEqual([]);
  });

  it('that is too large, or makes the push too large, ends the inspection before its content is there', () => {
    for (const sizes of [[1001], [800, 800]]) {
      const state = createState();
      for (const size of sizes) {
        expect(state.list.stopped.aborted).toBe(false);
        createBlobReceiver(state, at, 'content').begin('blob', size);
      }
      expect(state.list.stopped.aborted).toBe(true);
      expect(state.list.findings).toMatchObject([{ rule: 'too-large' }]);
    }
  });
});
