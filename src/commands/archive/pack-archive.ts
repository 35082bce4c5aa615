import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { BottleError } from '../../errors.ts';

/**
 * Packs a file or folder of the host under another name. Symbolic links are packed as links, never followed;
 * devices, pipes and sockets are passed over.
 * @throws BottleError `usage-invalid` where there is none, or it is a symbolic link itself
 */
export async function packArchive(path: string, name: string): Promise<Pack> {
  const stats = await lstat(path).catch((cause: unknown) => {
    throw new BottleError('usage-invalid', `There is no file or folder ${path}.`, { cause });
  });
  if (stats.isSymbolicLink()) {
    throw new BottleError('usage-invalid', `${path} is a symbolic link.`, {
      hint: 'Name the file or folder it points to.',
    });
  }
  const archive = pack();
  addEntry(archive, path, name, stats).then(
    () => archive.finalize(),
    (error: Error) => archive.destroy(error),
  );
  return archive;
}

async function addEntry(archive: Pack, path: string, name: string, stats: Stats): Promise<void> {
  const common = { name, mode: stats.mode & 0o777, mtime: stats.mtime };
  if (stats.isSymbolicLink()) {
    archive.entry({ ...common, type: 'symlink', linkname: await readlink(path) });
  } else if (stats.isFile()) {
    const entry = archive.entry({ ...common, type: 'file', size: stats.size });
    // A file that grows while it is read would not fit its entry.
    if (stats.size === 0) entry.end(Buffer.alloc(0));
    else await pipeline(createReadStream(path, { end: stats.size - 1 }), entry);
  } else if (stats.isDirectory()) {
    archive.entry({ ...common, name: `${name}/`, type: 'directory' });
    for (const child of (await readdir(path)).sort()) {
      const childPath = join(path, child);
      await addEntry(archive, childPath, `${name}/${child}`, await lstat(childPath));
    }
  }
}
