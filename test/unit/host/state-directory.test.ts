import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/host/process-identity.ts';
import {
  createMountedFolder,
  createQueueFolder,
  createStateDirectory,
  findStateDirectories,
  isMarkedDetached,
  markDetached,
  removeStateDirectory,
  writeStateFile,
} from '../../../src/host/state-directory.ts';

const slug = 'one-1234';

describe('state directory', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    path = join(folder, 'home', 'instances', slug);
  });
  afterEach(() => rm(folder, { recursive: true }));
  const create = async (): Promise<void> => createStateDirectory(path, slug, await readOwnIdentity());
  const modeOf = async (at: string): Promise<string> => ((await stat(at)).mode & 0o777).toString(8);

  it('is closed to others, as is what was made above it; what is mounted can be read', async () => {
    const umask = process.umask(0o077);
    await create();
    const mounted = await createMountedFolder(path, 'guest');
    await writeStateFile(mounted, { path: 'deep/file', content: 'x' });
    process.umask(umask);
    expect([await modeOf(path), await modeOf(join(folder, 'home'))]).toEqual(['700', '700']);
    const below = [mounted, join(mounted, 'deep'), join(mounted, 'deep/file')];
    expect(await Promise.all(below.map(modeOf))).toEqual(['755', '755', '644']);
  });

  it('has folders that others may write in, behind a folder that is closed to them', async () => {
    const umask = process.umask(0o077);
    await create();
    const queue = await createQueueFolder(path, 'supervise');
    process.umask(umask);
    expect(await Promise.all([queue, join(path, 'queue'), path].map(modeOf))).toEqual(['777', '755', '700']);
  });

  it.each([
    ['a folder', () => mkdir(path, { recursive: true })],
    ['a link to a folder', () => symlink(tmpdir(), path)],
    ['a file', () => writeFile(path, '')],
  ])('is not made where there is %s already', async (_what, plant) => {
    await mkdir(join(path, '..'), { recursive: true });
    await plant();
    await expect(create()).rejects.toMatchObject({ code: 'bottle-already-up' });
  });

  it('replaces files as a whole, never through a link', async () => {
    await create();
    const outside = join(folder, 'outside');
    await writeFile(outside, 'untouched');
    await symlink(outside, join(path, 'file'));
    await writeStateFile(path, { path: 'file', content: 'ours' });
    expect(await readFile(outside, 'utf8')).toBe('untouched');
    expect((await lstat(join(path, 'file'))).isFile()).toBe(true);
    expect(await readdir(path)).toEqual(['file', 'owner.json']);
  });

  it.each(['../out', '/etc/out', 'a/../../out', './file'])('refuses the path "%s"', async (bad) => {
    await create();
    await expect(writeStateFile(path, { path: bad, content: '' })).rejects.toMatchObject({ code: 'bug' });
  });

  it('is removed with all in it, once or twice', async () => {
    await create();
    await writeStateFile(path, { path: 'deep/file', content: '' });
    await removeStateDirectory(path, slug);
    await removeStateDirectory(path, slug);
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  it.each<[string, () => Promise<string>]>([
    [
      'of another slug',
      async () => {
        await createStateDirectory(path, 'other-1234', await readOwnIdentity());
        return path;
      },
    ],
    [
      'that says nothing of its owner',
      async () => {
        await mkdir(path, { recursive: true });
        await writeFile(join(path, 'file'), '');
        return path;
      },
    ],
    [
      'that a link leads to',
      async () => {
        await create();
        await mkdir(join(folder, 'x'));
        await symlink(path, join(folder, 'x', slug));
        return join(folder, 'x', slug);
      },
    ],
    [
      'whose name is not its slug',
      async () => {
        const other = join(folder, 'other');
        await createStateDirectory(other, slug, await readOwnIdentity());
        return other;
      },
    ],
  ])('is not removed: a folder %s', async (_what, plant) => {
    const target = await plant();
    const before = await readdir(target);
    await removeStateDirectory(target, slug);
    expect(await readdir(target)).toEqual(before);
    expect(before.length).toBeGreaterThan(0);
  });

  it('is removed where its launcher died before it said whose it is', async () => {
    await mkdir(path, { recursive: true });
    await removeStateDirectory(path, slug);
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['a queue', 'queue', ['owner.json', 'plan.json', 'queue']],
    ['another folder', 'unlike', ['owner.json', 'unlike']],
  ])(
    'still says whose it is where %s cannot be removed; the next try removes it',
    async (_what, name, left) => {
      await create();
      await writeStateFile(path, { path: 'plan.json', content: '{}' });
      const folder = await createMountedFolder(path, name);
      // Deeper than a path may be long, which no user can remove by its path.
      const dig =
        "for (let i = 0; i < 30; i++) { fs.mkdirSync('d'.repeat(200)); process.chdir('d'.repeat(200)); }";
      execFileSync(process.execPath, ['-e', dig], { cwd: folder });
      await expect(removeStateDirectory(path, slug)).rejects.toThrow('ENAMETOOLONG');
      expect(await readdir(path)).toEqual(left);
      execFileSync('rm', ['-r', folder]);
      await removeStateDirectory(path, slug);
      await expect(lstat(path)).rejects.toThrow('ENOENT');
    },
  );

  it('says whether it was kept', async () => {
    expect(await isMarkedDetached(path)).toBe(false);
    await create();
    expect(await isMarkedDetached(path)).toBe(false);
    await markDetached(path);
    expect(await isMarkedDetached(path)).toBe(true);
  });

  it('is found, with whether its owner is over', async () => {
    expect(await findStateDirectories(join(folder, 'home', 'instances'))).toEqual([]);
    await create();
    const dead = join(folder, 'home', 'instances', 'dead-1234');
    await createStateDirectory(dead, 'dead-1234', { ...(await readOwnIdentity()), started: '1' });
    await chmod(dead, 0o700);
    const found = await findStateDirectories(join(folder, 'home', 'instances'));
    expect(found).toEqual([
      { slug: 'dead-1234', path: dead, ownerOver: true },
      { slug, path, ownerOver: false },
    ]);
  });
});
