import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackArchive } from '../../../../src/commands/archive/unpack-archive.ts';

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { readonly content?: string };

/** A tar archive as a guest could make it: nothing in it is checked. */
function toArchive(entries: readonly Entry[]): Readable {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return Readable.from(archive);
}

let home: string;
let target: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'bottle-unpack-'));
  target = join(home, 'target');
  await mkdir(target);
  await writeFile(join(home, 'precious'), 'untouched');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const unpack = (entries: readonly Entry[], rename: string | null = null) =>
  unpackArchive(toArchive(entries), target, rename);

describe('an honest archive', () => {
  it('gives the same tree, with contents, modes and links inside of it', async () => {
    const unpacked = await unpack([
      { name: 'out/', type: 'directory', mode: 0o755 },
      { name: 'out/run.sh', mode: 0o755, content: 'echo hi\n' },
      { name: 'out/sub/', type: 'directory' },
      { name: 'out/sub/link', type: 'symlink', linkname: '../run.sh' },
      { name: 'out/sub/same', type: 'link', linkname: 'out/run.sh' },
    ]);
    expect(unpacked).toEqual({ files: 2, bytes: 8, leftOut: [] });
    expect(await readFile(join(target, 'out/run.sh'), 'utf8')).toBe('echo hi\n');
    expect((await lstat(join(target, 'out/run.sh'))).mode & 0o7777).toBe(0o755);
    expect(await readlink(join(target, 'out/sub/link'))).toBe('../run.sh');
    expect(await readFile(join(target, 'out/sub/same'), 'utf8')).toBe('echo hi\n');
  });

  it('takes the new name, also for what its hard links name', async () => {
    await unpack(
      [
        { name: 'out/', type: 'directory' },
        { name: 'out/a', content: 'a' },
        { name: 'out/b', type: 'link', linkname: 'out/a' },
      ],
      'renamed',
    );
    expect(await readFile(join(target, 'renamed/b'), 'utf8')).toBe('a');
    expect(await readdir(target)).toEqual(['renamed']);
  });

  it('replaces files and merges folders', async () => {
    await mkdir(join(target, 'out'));
    await writeFile(join(target, 'out/old'), 'old');
    await writeFile(join(target, 'out/both'), 'old');
    await unpack([{ name: 'out/both', content: 'new' }]);
    expect(await readFile(join(target, 'out/old'), 'utf8')).toBe('old');
    expect(await readFile(join(target, 'out/both'), 'utf8')).toBe('new');
  });
});

describe('a hostile archive', () => {
  it.each<[string, readonly Entry[]]>([
    ['an absolute name', [{ name: '/precious', content: 'x' }]],
    ['a name that climbs', [{ name: '../precious', content: 'x' }]],
    ['a name that climbs further down', [{ name: 'a/../../precious', content: 'x' }]],
    ['a hard link that climbs', [{ name: 'a', type: 'link', linkname: '../precious' }]],
    ['a hard link to what it does not hold', [{ name: 'a', type: 'link', linkname: 'theirs' }]],
    [
      'a file through its own symbolic link',
      [
        { name: 'a/', type: 'directory' },
        { name: 'a/sub/', type: 'directory' },
        { name: 'a/link', type: 'symlink', linkname: 'sub' },
        { name: 'a/link/file', content: 'x' },
      ],
    ],
    ['a file through a symbolic link that was there', [{ name: 'planted/precious', content: 'x' }]],
    ['a folder in the place of that link', [{ name: 'planted/', type: 'directory' }]],
  ])('is refused for %s', async (_name, entries) => {
    await symlink(home, join(target, 'planted'));
    await writeFile(join(target, 'theirs'), 'theirs');
    await expect(unpack(entries)).rejects.toMatchObject({ code: 'archive-unsafe' });
    expect(await readFile(join(home, 'precious'), 'utf8')).toBe('untouched');
    expect((await readdir(home)).sort()).toEqual(['precious', 'target']);
  });

  it.each<[string, Entry]>([
    ['a symbolic link to an absolute path', { name: 'out/x', type: 'symlink', linkname: '/etc/passwd' }],
    ['a symbolic link that climbs out', { name: 'out/x', type: 'symlink', linkname: '../../precious' }],
    ['a symbolic link in the place of all', { name: 'x', type: 'symlink', linkname: 'target' }],
    ['a character device', { name: 'out/x', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a block device', { name: 'out/x', type: 'block-device', devmajor: 8, devminor: 0 }],
    ['a pipe', { name: 'out/x', type: 'fifo' }],
  ])('loses %s, and the rest arrives', async (_name, entry) => {
    const unpacked = await unpack([entry, { name: 'out/kept', content: 'kept' }]);
    expect(unpacked.leftOut).toEqual([{ path: entry.name, reason: expect.any(String) }]);
    expect(await readdir(join(target, 'out'))).toEqual(['kept']);
  });

  it('replaces a planted symbolic link instead of writing through it', async () => {
    await symlink(join(home, 'precious'), join(target, 'file'));
    await unpack([{ name: 'file', content: 'new' }]);
    expect(await readFile(join(home, 'precious'), 'utf8')).toBe('untouched');
    expect((await lstat(join(target, 'file'))).isFile()).toBe(true);
  });

  it('loses set-user-id, set-group-id and sticky bits', async () => {
    await unpack([{ name: 'out/tool', mode: 0o7755, content: 'x' }]);
    expect((await lstat(join(target, 'out/tool'))).mode & 0o7777).toBe(0o755);
  });

  it('writes only below a folder that is held, when the guest exchanges it for a link meanwhile', async () => {
    await mkdir(join(target, 'out'));
    const archive = pack();
    archive.entry({ name: 'out/first' }, 'x');
    const unpacking = unpackArchive(Readable.from(archive), target, null);
    await expect.poll(() => readdir(join(target, 'out'))).toEqual(['first']);
    await rm(join(target, 'out'), { recursive: true });
    await symlink(home, join(target, 'out'));
    archive.entry({ name: 'out/precious' }, 'x');
    archive.finalize();
    await expect(unpacking).rejects.toMatchObject({ code: 'archive-unsafe' });
    expect(await readFile(join(home, 'precious'), 'utf8')).toBe('untouched');
  });
});
