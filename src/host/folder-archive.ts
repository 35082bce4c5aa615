import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import { BottleError } from '../errors.ts';
import { toReadable, writeEntry } from './archive-stream.ts';

/** How a folder becomes a tar archive. */
export interface FolderArchiveOptions {
  /** The folder in the archive that everything is in, which gets an entry of its own; or null for none. */
  readonly root: string | null;
  /** Who owns everything in it. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Says whether an entry, by its path relative to the folder, is left out; a folder with all that is in it. */
  readonly isExcluded?: (path: string, isFolder: boolean) => boolean;
  /** Further files, by their path in the archive; a path that ends in a slash is a folder, whose content is ignored. */
  readonly extraFiles?: Readonly<Record<string, Uint8Array>>;
}

/**
 * Packs a folder's content, in the order of names. Links stay links, whatever they point at: nothing outside the folder is
 * ever read.
 * @returns a stream that fails with BottleError `usage-invalid` at a socket, a device or a pipe
 */
export function packFolder(folder: string, options: FolderArchiveOptions): Readable {
  const archive = pack();
  return toReadable(
    archive,
    packAll(archive, folder, options).catch((error: unknown) => Promise.reject(toPackError(error))),
  );
}

const rootHeader = { type: 'directory', mode: 0o755, mtime: new Date(0) } as const;

async function packAll(archive: Pack, folder: string, options: FolderArchiveOptions): Promise<void> {
  if (options.root !== null) archive.entry({ ...rootHeader, name: `${options.root}/`, ...options.owner });
  await packEntries(archive, folder, '', options);
  for (const [name, content] of Object.entries(options.extraFiles ?? {})) {
    if (name.endsWith('/')) archive.entry({ ...rootHeader, name, ...options.owner });
    else archive.entry({ name, mode: 0o644, mtime: new Date(0), ...options.owner }, Buffer.from(content));
  }
}

async function packEntries(
  archive: Pack,
  folder: string,
  path: string,
  options: FolderArchiveOptions,
): Promise<void> {
  const names = await readdir(join(folder, path));
  // An archive that nobody reads any more is not worth going on with.
  if (archive.destroyed) return;
  for (const name of names.sort())
    await packEntry(archive, folder, path === '' ? name : `${path}/${name}`, options);
}

async function packEntry(
  archive: Pack,
  folder: string,
  path: string,
  options: FolderArchiveOptions,
): Promise<void> {
  const source = join(folder, path);
  const stats = await lstat(source);
  if (options.isExcluded?.(path, stats.isDirectory())) return;
  const header = {
    name: options.root === null ? path : `${options.root}/${path}`,
    mtime: stats.mtime,
    // No set-id bits: nothing in the archive gains rights by being unpacked as somebody else's.
    mode: stats.mode & 0o777,
    ...options.owner,
  };
  if (stats.isSymbolicLink()) {
    archive.entry({ ...header, type: 'symlink', linkname: await readlink(source) });
  } else if (stats.isDirectory()) {
    archive.entry({ ...header, name: `${header.name}/`, type: 'directory' });
    await packEntries(archive, folder, path, options);
  } else if (stats.isFile()) {
    await packFile(archive, source, header);
  } else {
    throw new BottleError('usage-invalid', `${source} is no file, folder or link, and cannot be copied.`, {
      hint: 'Remove it, or bind the workspace instead of copying it.',
    });
  }
}

async function packFile(
  archive: Pack,
  source: string,
  header: { readonly name: string; readonly mtime: Date },
): Promise<void> {
  // SECURITY: what was a file a moment ago and is a link now is not followed.
  await using file = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { size } = await file.stat();
  await writeEntry(
    archive,
    { ...header, size },
    size === 0 ? [] : file.createReadStream({ autoClose: false, end: size - 1 }),
  );
}

/**
 * An archive of a folder with a few files in it, and of the folders on the way to them: those alone, so that unpacking it leaves
 * what else is there as it was.
 * @param root the folder that everything is in, which gets an entry of its own; empty for none
 */
export function packFiles(
  root: string,
  files: readonly { readonly path: string; readonly content: string }[],
  owner: { readonly uid: number; readonly gid: number },
): Readable {
  const folders = new Set(root === '' ? [] : [root]);
  for (const { path } of files) {
    if (posix.isAbsolute(path) || posix.normalize(path) !== path || path.startsWith('..')) {
      throw new BottleError('bug', `The file's path "${path}" leads elsewhere.`);
    }
    for (let above = posix.dirname(path); above !== '.'; above = posix.dirname(above))
      folders.add(posix.join(root, above));
  }
  const archive = pack();
  for (const name of [...folders].sort()) archive.entry({ ...rootHeader, name: `${name}/`, ...owner });
  for (const { path, content } of files) {
    archive.entry({ name: posix.join(root, path), mode: 0o644, mtime: new Date(0), ...owner }, content);
  }
  return toReadable(archive, Promise.resolve());
}

/** What the file system says in words that a user can act on. */
function toPackError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!('code' in error) || !('path' in error)) return error;
  return new BottleError('usage-invalid', `${String(error.path)} cannot be read (${String(error.code)}).`, {
    hint: 'Make it readable for you, or remove it.',
    cause: error,
  });
}
