import { constants } from 'node:fs';
import { link, open, symlink, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { BottleError } from '../../errors.ts';
import { type OpenFolder, openChild, openFolder } from './open-folder.ts';
import { type ArchiveEntry, parseEntry } from './parse-entry.ts';

/** What unpacking came to. */
export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Unpacks a guest's archive into a folder of the host. Files are the operator's own; what is there is replaced,
 * folders are merged.
 * SECURITY: the archive is the guest's word. Nothing outside of `folder` is written, whatever it says.
 * @throws BottleError `archive-unsafe`
 */
export async function unpackArchive(
  archive: Readable,
  folder: string,
  rename: string | null,
): Promise<Unpacked> {
  await using root = await openFolder(folder);
  const entries = extract();
  const fed = pipeline(archive, entries);
  // Told by the loop below, which the same error ends.
  fed.catch(() => undefined);
  const made = new Set<string>();
  const leftOut: { path: string; reason: string }[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    const parsed = parseEntry(entry.header, rename);
    const path = parsed.path.join('/');
    if (parsed.kind === 'left-out') leftOut.push({ path, reason: parsed.reason });
    else if (parsed.kind === 'file') bytes += await writeFile(root, parsed, entry);
    else await writeOther(root, parsed, made);
    if (parsed.kind === 'file' || parsed.kind === 'hardlink') made.add(path);
    entry.resume();
  }
  await fed;
  return { files: made.size, bytes, leftOut };
}

type EntryOf<Kind extends ArchiveEntry['kind']> = Extract<ArchiveEntry, { kind: Kind }>;

async function writeFile(
  root: OpenFolder,
  { path, mode }: EntryOf<'file'>,
  content: AsyncIterable<unknown>,
): Promise<number> {
  return await inFolderOf(root, path, async (file) => {
    await removeFile(file);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    await using handle = await open(file, flags, 0o600);
    let bytes = 0;
    for await (const chunk of content) {
      if (!(chunk instanceof Uint8Array)) continue;
      await handle.writeFile(chunk);
      bytes += chunk.length;
    }
    await handle.chmod(mode);
    return bytes;
  });
}

async function writeOther(
  root: OpenFolder,
  entry: EntryOf<'folder' | 'symlink' | 'hardlink'>,
  made: ReadonlySet<string>,
): Promise<void> {
  switch (entry.kind) {
    case 'folder':
      return await inFolder(root, entry.path, async () => undefined);
    case 'symlink':
      return await inFolderOf(root, entry.path, async (file) => {
        await removeFile(file);
        await symlink(entry.target, file);
      });
    case 'hardlink': {
      const target = entry.target.join('/');
      // SECURITY: only to a file of this very archive: any other may be one that the guest must not reach.
      if (!made.has(target))
        throw new BottleError('archive-unsafe', `The archive links to a file it does not hold: "${target}".`);
      return await inFolderOf(root, entry.path, async (file) => {
        await removeFile(file);
        await inFolderOf(root, entry.target, (source) => link(source, file));
      });
    }
  }
}

/** Runs `act` with the path of an entry, while the folder it lies in is held open. */
async function inFolderOf<Result>(
  root: OpenFolder,
  path: readonly string[],
  act: (file: string) => Promise<Result>,
): Promise<Result> {
  const name = path.at(-1);
  if (name === undefined) throw new BottleError('archive-unsafe', 'The archive holds a file without a name.');
  return await inFolder(root, path.slice(0, -1), (folder) => act(folder.entry(name)));
}

/** Runs `act` in the folder that lies at `path` below `root`, each part of which is made where it is not there. */
async function inFolder<Result>(
  root: OpenFolder,
  path: readonly string[],
  act: (folder: OpenFolder) => Promise<Result>,
): Promise<Result> {
  const [name, ...rest] = path;
  if (name === undefined) return await act(root);
  await using child = await openChild(root, name);
  return await inFolder(child, rest, act);
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return;
    const folder = error.code === 'EISDIR' || error.code === 'EPERM';
    throw folder
      ? new BottleError('usage-invalid', 'A folder is in the place of a file that is to be written.', {
          cause: error,
        })
      : error;
  });
}
