import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { RunningBottle } from '../../backends/backend.ts';
import { BottleError } from '../../errors.ts';
import { packArchive } from './pack-archive.ts';
import type { Place } from './parse-place.ts';
import { type Unpacked, unpackArchive } from './unpack-archive.ts';

/**
 * Copies a path of the guest to a place here.
 * @returns what was unpacked and where, or null where the archive went to standard output
 */
export async function copyOut(
  bottle: RunningBottle,
  path: string,
  to: Place,
): Promise<(Unpacked & { readonly target: string }) | null> {
  if (to.kind === 'stream') {
    if (process.stdout.isTTY) {
      throw new BottleError('usage-invalid', 'A tar archive is not for a terminal.', {
        hint: 'Send standard output into a file or a program, for example "| tar t".',
      });
    }
    await pipeline(await bottle.readArchive(path), process.stdout, { end: false });
    return null;
  }
  const { folder, name } = await findTarget(to.path, posix.basename(path));
  const unpacked = await unpackArchive(await bottle.readArchive(path), folder, name);
  return { ...unpacked, target: join(folder, name) };
}

/** Copies a file or folder of this host, or an archive on standard input, into the guest. */
export async function copyIn(bottle: RunningBottle, from: Place, path: string): Promise<void> {
  if (from.kind === 'stream') {
    await bottle.writeArchive(path, process.stdin);
    return;
  }
  const source = resolve(from.path);
  const into = await isFolder(bottle, path);
  const archive = await packArchive(source, into ? basename(source) : posix.basename(path));
  await bottle.writeArchive(into ? path : posix.dirname(path), Readable.from(archive));
}

/** As with `cp`: into a folder that is there, else under the target's own name. */
async function findTarget(
  target: string,
  name: string,
): Promise<{ readonly folder: string; readonly name: string }> {
  const path = resolve(target);
  if (await isHostFolder(path)) return { folder: path, name: name === '' ? 'root' : name };
  if (target.endsWith('/') || !(await isHostFolder(dirname(path)))) {
    throw new BottleError(
      'usage-invalid',
      `There is no folder ${target.endsWith('/') ? path : dirname(path)}.`,
      {
        hint: 'Make it first.',
      },
    );
  }
  return { folder: dirname(path), name: basename(path) };
}

async function isHostFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() === true;
}

/** Whether the path is a folder in the guest, by the first entry of its archive. */
async function isFolder(bottle: RunningBottle, path: string): Promise<boolean> {
  const archive = await bottle.readArchive(path).catch((error: unknown) => {
    if (error instanceof BottleError && error.code === 'usage-invalid') return null;
    throw error;
  });
  if (archive === null) return false;
  const entries = extract();
  archive.on('error', () => undefined);
  archive.pipe(entries);
  try {
    for await (const entry of entries)
      return entry.header.type === 'directory' || entry.header.type === 'symlink';
    return false;
  } finally {
    archive.destroy();
  }
}
