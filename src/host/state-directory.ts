import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { BottleError } from '../errors.ts';
import { hasCode } from './error-code.ts';
import { isProcessOver, type ProcessIdentity } from './process-identity.ts';

/** Says whose a state folder is; without it nothing is removed. */
interface OwnerRecord {
  readonly slug: string;
  readonly owner: ProcessIdentity;
}

const ownerFile = 'owner.json';
const detachedFile = 'detached';
/** The only folder that others than the operator write in. */
export const queueFolder = 'queue';

/** Modes of what lies in a state folder: who else may read it, once a folder of it is mounted somewhere. */
export interface StateFile {
  /** Relative to the state folder, without `..`. */
  readonly path: string;
  readonly content: string;
}

/**
 * Makes an instance's folder, for its owner alone, and says in it whose it is.
 * @throws BottleError `bottle-already-up` when it is there already
 */
export async function createStateDirectory(
  path: string,
  slug: string,
  owner: ProcessIdentity,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    // SECURITY: not recursive: what is there, a planted folder or a link, is never taken for ours.
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new BottleError('bottle-already-up', `The state folder ${path} is there already.`, {
      hint: 'Try again; "bottle gc" removes what a killed process left.',
    });
  }
  const record: OwnerRecord = { slug, owner };
  await writeStateFile(path, { path: ownerFile, content: `${JSON.stringify(record)}\n` });
}

/** Makes a folder in the state folder that a container's user may read, once it is mounted there. */
export async function createMountedFolder(path: string, name: string): Promise<string> {
  const folder = join(path, name);
  await mkdirReadable(folder);
  return folder;
}

/**
 * Makes the folder that a daemon of the bundle leaves its requests in, `queue/<daemon>`. Any user may write in it, since which
 * one the daemon is here depends on the engine; the state folder itself is closed to others.
 */
export async function createQueueFolder(path: string, daemon: string): Promise<string> {
  const folder = await createMountedFolder(path, join(queueFolder, daemon));
  await chmod(folder, 0o777);
  return folder;
}

/**
 * Writes a file so that nobody sees half of it. Readable by whoever reaches it: the state folder itself is closed to others,
 * and what is mounted from it must be readable by a container's own user. SECURITY: so no secret is ever written here.
 */
export async function writeStateFile(folder: string, file: StateFile): Promise<void> {
  const target = join(folder, file.path);
  if (isAbsolute(file.path) || normalize(file.path) !== file.path || file.path.startsWith('..')) {
    throw new BottleError('bug', `The state file's path "${file.path}" leads elsewhere.`);
  }
  await mkdirReadable(dirname(target));
  const draft = `${target}.${randomBytes(6).toString('hex')}.draft`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    await using handle = await open(draft, flags, 0o644);
    await handle.writeFile(file.content);
    await handle.chmod(0o644);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Makes what is missing of a folder's path, readable for everyone whatever this process's mask for new files is. */
async function mkdirReadable(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
}

/** Removes an instance's folder. What is not there, and what is no state folder of this slug, is left alone. */
export async function removeStateDirectory(path: string, slug: string): Promise<void> {
  // SECURITY: the path may come from a label; only a folder that says it is this instance's is removed.
  if (basename(path) !== slug || !isAbsolute(path)) return;
  const stats = await lstat(path).catch(() => null);
  if (stats === null || !stats.isDirectory()) return;
  const record = await readOwner(path);
  // Its launcher may have died before it said whose it is.
  const isUnsaid = record === null && (await readdir(path)).every((entry) => entry.startsWith(ownerFile));
  if (record?.slug !== slug && !isUnsaid) return;
  // What others could write in first, and whose it is last: where something cannot be removed, the next try finds all it takes.
  const entries = (await readdir(path)).filter((entry) => entry !== ownerFile && entry !== queueFolder);
  for (const entry of [queueFolder, ...entries])
    await rm(join(path, entry), { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
}

/** Notes that the instance is meant to outlive the process that launched it. */
export async function markDetached(path: string): Promise<void> {
  await writeStateFile(path, { path: detachedFile, content: '' });
}

/** Whether {@link markDetached} was called; null where that cannot be seen from here. */
export async function isMarkedDetached(path: string): Promise<boolean | null> {
  try {
    return (await lstat(join(path, detachedFile))).isFile();
  } catch (error) {
    return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') ? false : null;
  }
}

/** A state folder and whether the process that made it is over. */
export interface FoundStateDirectory {
  readonly slug: string;
  readonly path: string;
  readonly ownerOver: boolean;
}

/** All state folders in one folder of them. */
export async function findStateDirectories(folder: string): Promise<readonly FoundStateDirectory[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    folders.sort().map(async (slug) => {
      const path = join(folder, slug);
      const record = await readOwner(path);
      return { slug, path, ownerOver: record === null || (await isProcessOver(record.owner)) };
    }),
  );
}

async function readOwner(path: string): Promise<OwnerRecord | null> {
  try {
    const value: Partial<OwnerRecord> = JSON.parse(await readFile(join(path, ownerFile), 'utf8'));
    const { slug, owner } = value;
    return typeof slug === 'string' && typeof owner?.pid === 'number' ? { slug, owner } : null;
  } catch {
    return null;
  }
}
