import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { appendFile, chmod, link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packFiles, packFolder } from '../../../src/host/folder-archive.ts';

const owner = { uid: 1234, gid: 2345 };

interface FoundEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly content: string;
}

async function unpack(archive: AsyncIterable<Uint8Array>): Promise<readonly FoundEntry[]> {
  const entries = extract();
  const found: FoundEntry[] = [];
  const reading = (async () => {
    for await (const entry of entries) {
      const { name, type, mode, uid, gid, linkname } = entry.header;
      const content = type === 'symlink' ? `-> ${linkname}` : (await buffer(entry as never)).toString();
      found.push({ name, type, mode: mode.toString(8), owner: `${uid}:${gid}`, content });
    }
  })();
  for await (const chunk of archive) entries.write(chunk);
  entries.end(null);
  await reading;
  return found;
}

describe('packFolder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const at = (path: string): string => join(folder, path);

  it('packs files, folders and links with one owner, in the order of names', async () => {
    await mkdir(at('b/empty'), { recursive: true });
    await writeFile(at('b/.hidden'), 'hidden');
    await writeFile(at('a.sh'), 'run');
    await chmod(at('a.sh'), 0o4755);
    await writeFile(at('none'), '');
    await chmod(at('b'), 0o2750);
    await symlink('/etc/passwd', at('out'));
    await symlink('nowhere', at('dangling'));
    await link(at('a.sh'), at('z-hard'));
    const found = await unpack(packFolder(folder, { root: null, owner }));
    expect(found.map(({ name, type, mode, content }) => [name, type, mode, content])).toEqual([
      ['a.sh', 'file', '755', 'run'],
      ['b/', 'directory', '750', ''],
      ['b/.hidden', 'file', '644', 'hidden'],
      ['b/empty/', 'directory', '755', ''],
      ['dangling', 'symlink', '777', '-> nowhere'],
      ['none', 'file', '644', ''],
      ['out', 'symlink', '777', '-> /etc/passwd'],
      ['z-hard', 'file', '755', 'run'],
    ]);
    expect(new Set(found.map((entry) => entry.owner))).toEqual(new Set(['1234:2345']));
  });

  it('puts everything into a folder of the archive, and adds files', async () => {
    await writeFile(at('file'), 'x');
    const extraFiles = { 'more/': Buffer.alloc(0), 'more/extra': Buffer.from('extra') };
    const found = await unpack(packFolder(folder, { root: 'top', owner, extraFiles }));
    expect(found.map(({ name, type, mode, content }) => [name, type, mode, content])).toEqual([
      ['top/', 'directory', '755', ''],
      ['top/file', 'file', '644', 'x'],
      ['more/', 'directory', '755', ''],
      ['more/extra', 'file', '644', 'extra'],
    ]);
  });

  it('leaves out what is excluded, a folder with all in it', async () => {
    await mkdir(at('out/deep'), { recursive: true });
    await writeFile(at('out/deep/file'), '');
    await writeFile(at('kept'), '');
    const found = await unpack(
      packFolder(folder, { root: null, owner, isExcluded: (path) => path === 'out' }),
    );
    expect(found.map(({ name }) => name)).toEqual(['kept']);
  });

  it('keeps long names and large files whole', async () => {
    const name = `${'d'.repeat(120)}/${'f'.repeat(120)}`;
    const content = Buffer.alloc(3_000_001, 'abc');
    await mkdir(join(folder, 'd'.repeat(120)));
    await writeFile(at(name), content);
    const [, file] = await unpack(packFolder(folder, { root: null, owner }));
    expect(file?.name).toBe(name);
    expect(file?.content === content.toString()).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a pipe', async () => execFileSync('/usr/bin/mkfifo', [at('special')])],
    [
      'a socket',
      () =>
        new Promise((resolve) => {
          const server = createServer().listen(at('special'), () => resolve(server.unref()));
        }),
    ],
  ])('refuses %s, after what came before it', async (_what, make) => {
    await writeFile(at('before'), 'x');
    await make();
    await expect(unpack(packFolder(folder, { root: null, owner }))).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('special'),
    });
  });

  it('says so when a file becomes shorter, and cuts one that grows', async () => {
    await writeFile(at('file'), Buffer.alloc(8_000_000));
    const archive = packFolder(folder, { root: null, owner });
    const iterator = archive[Symbol.asyncIterator]();
    await iterator.next();
    await truncate(at('file'), 10);
    await expect(
      (async () => {
        while (!(await iterator.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'usage-invalid' });
    const growing = packFolder(folder, { root: null, owner });
    await appendFile(at('file'), 'more');
    expect((await unpack(growing)).map(({ name }) => name)).toEqual(['file']);
  });

  it.each([
    ['(the control: nothing happens)', () => undefined, 'inner'],
    [
      'becomes a link to a file outside',
      () => {
        rmSync(at('file'));
        symlinkSync('/etc/hostname', at('file'));
      },
      null,
    ],
  ])('reads nothing outside when a file %s between two looks at it', async (_what, strike, content) => {
    await writeFile(at('file'), 'inner');
    // The question comes after the first look at the file, and before it is opened.
    const isExcluded = (): boolean => {
      strike();
      return false;
    };
    const packed = unpack(packFolder(folder, { root: null, owner, isExcluded }));
    if (content === null) await expect(packed).rejects.toMatchObject({ code: 'usage-invalid' });
    else expect(await packed).toMatchObject([{ content }]);
  });

  it('says which folder cannot be read', async () => {
    await expect(unpack(packFolder(at('absent'), { root: null, owner }))).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('absent'),
    });
  });
});

describe('packFiles', () => {
  const directory = { type: 'directory', mode: '755', owner: '1234:2345', content: '' };
  const file = { type: 'file', mode: '644', owner: '1234:2345' };

  it('packs a folder alone', async () => {
    expect(await unpack(packFiles('home', [], owner))).toEqual([{ name: 'home/', ...directory }]);
  });

  it('packs files, each after the folders on the way to it and with nothing else', async () => {
    const files = [
      { path: '.a/deep/settings', content: 'über' },
      { path: '.claude.json', content: '{}' },
      { path: '.a/more', content: '' },
    ];
    expect(await unpack(packFiles('home', files, owner))).toEqual([
      { name: 'home/', ...directory },
      { name: 'home/.a/', ...directory },
      { name: 'home/.a/deep/', ...directory },
      { name: 'home/.a/deep/settings', ...file, content: 'über' },
      { name: 'home/.claude.json', ...file, content: '{}' },
      { name: 'home/.a/more', ...file, content: '' },
    ]);
  });

  it('packs into the folder that it is unpacked in where there is no other', async () => {
    const found = await unpack(packFiles('', [{ path: 'a/b', content: 'x' }], owner));
    expect(found.map(({ name }) => name)).toEqual(['a/', 'a/b']);
  });

  it.each(['../out', '/etc/passwd', 'a/../../out', './a', 'a//b', '..', ''])(
    'refuses the path "%s"',
    (path) => {
      expect(() => packFiles('home', [{ path, content: '' }], owner)).toThrow('leads elsewhere');
    },
  );
});
