import { constants, type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../../errors.ts';

/** A folder held open, below which names are looked up one at a time. */
export interface OpenFolder extends AsyncDisposable {
  /** The path to give to the system for a name directly below. */
  entry(name: string): string;
}

/** Opens a folder that the operator named; symbolic links on the way are the operator's own. */
export async function openFolder(path: string): Promise<OpenFolder> {
  return toOpenFolder(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), path);
}

/**
 * Goes one folder down, making it where it is not there.
 * SECURITY: never through a symbolic link. A guest that shares the destination could put one there at any moment;
 * the folder above is held open, so that it cannot be exchanged between a look and its use.
 * @throws BottleError `archive-unsafe`
 */
export async function openChild(parent: OpenFolder, name: string): Promise<OpenFolder> {
  const path = parent.entry(name);
  await mkdir(path, 0o700).catch(ignoreExisting);
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const handle = await open(path, flags).catch(async (cause: NodeJS.ErrnoException) => {
    const link = (await lstat(path)).isSymbolicLink();
    if (!link && cause.code !== 'ENOTDIR') throw cause;
    const what = link ? 'a symbolic link' : 'no folder';
    throw new BottleError(
      'archive-unsafe',
      `"${name}" in the destination is ${what}, and the archive has files below it.`,
      { cause },
    );
  });
  return toOpenFolder(handle, path);
}

function toOpenFolder(handle: FileHandle, path: string): OpenFolder {
  // Linux looks a name up in the open folder itself; elsewhere Node offers nothing better than the path.
  const base = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path;
  return {
    entry: (name) => join(base, name),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
