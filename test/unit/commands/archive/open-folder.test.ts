import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openChild, openFolder } from '../../../../src/commands/archive/open-folder.ts';

describe('an open folder', () => {
  it.runIf(process.platform === 'linux')('stays the one it was, when a link takes its place', async () => {
    const home = await mkdtemp(join(tmpdir(), 'bottle-folder-'));
    try {
      await Promise.all([mkdir(join(home, 'target')), mkdir(join(home, 'elsewhere'))]);
      await using root = await openFolder(join(home, 'target'));
      await using child = await openChild(root, 'out');
      await rename(join(home, 'target', 'out'), join(home, 'moved'));
      await symlink(join(home, 'elsewhere'), join(home, 'target', 'out'));
      await writeFile(child.entry('file'), 'x');
      expect(await readdir(join(home, 'elsewhere'))).toEqual([]);
      expect(await readdir(join(home, 'moved'))).toEqual(['file']);
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
