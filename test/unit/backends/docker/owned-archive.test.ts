import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { setArchiveOwner } from '../../../../src/backends/docker/owned-archive.ts';

const owner = { uid: 1234, gid: 2345 };

async function read(archive: AsyncIterable<Uint8Array>) {
  const entries = extract();
  const found: (Pick<Header, 'name' | 'type' | 'mode' | 'uid' | 'gid'> & { readonly content: string })[] = [];
  const reading = (async () => {
    for await (const entry of entries) {
      const { name, type, mode, uid, gid } = entry.header;
      found.push({ name, type, mode, uid, gid, content: (await buffer(entry as never)).toString() });
    }
  })();
  for await (const chunk of archive) entries.write(chunk);
  entries.end(null);
  await reading;
  return found;
}

describe('setArchiveOwner', () => {
  it('changes owners, drops set-id bits, keeps the rest', async () => {
    const source = pack();
    source.entry({ name: 'folder/', type: 'directory', mode: 0o2755, uid: 0, gid: 0 });
    source.entry({ name: 'folder/tool', mode: 0o4755, uid: 0, gid: 0 }, 'x'.repeat(100_000));
    source.entry({ name: 'empty', mode: 0o600 }, '');
    source.entry({ name: 'link', type: 'symlink', linkname: 'folder/tool' });
    source.entry({ name: 'hard', type: 'link', linkname: 'empty' });
    source.finalize();
    const found = await read(setArchiveOwner(Readable.from(source), owner));
    expect(found.map(({ name, type, mode }) => [name, type, mode.toString(8)])).toEqual([
      ['folder/', 'directory', '755'],
      ['folder/tool', 'file', '755'],
      ['empty', 'file', '600'],
      ['link', 'symlink', '644'],
      ['hard', 'link', '644'],
    ]);
    expect(found.every(({ uid, gid }) => uid === 1234 && gid === 2345)).toBe(true);
    expect(found[1]?.content).toHaveLength(100_000);
  });

  it.each<[string, () => Readable]>([
    [
      'a device',
      () => {
        const source = pack();
        source.entry({ name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 });
        source.finalize();
        return Readable.from(source);
      },
    ],
    ['what is no archive', () => Readable.from([Buffer.from('not a tar archive'.repeat(100))])],
    [
      'an archive that ends too early',
      () => {
        const source = pack();
        source.entry({ name: 'file' }, 'x'.repeat(5000));
        source.finalize();
        return Readable.from(
          (async function* () {
            yield (await buffer(source as never)).subarray(0, 2000);
          })(),
        );
      },
    ],
  ])('refuses %s', async (_what, open) => {
    await expect(read(setArchiveOwner(open(), owner))).rejects.toMatchObject({ code: 'usage-invalid' });
  });
});
