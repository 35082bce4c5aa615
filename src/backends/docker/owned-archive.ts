import type { Readable } from 'node:stream';
import { extract, type Pack, pack } from 'tar-stream';
import { BottleError } from '../../errors.ts';
import { toReadable, writeEntry } from '../../host/archive-stream.ts';

/**
 * Passes a tar archive on with another owner on every entry, and without set-id bits.
 * @returns a stream that fails with BottleError `usage-invalid` where the archive is none, or holds devices or pipes
 */
export function setArchiveOwner(
  archive: Readable,
  owner: { readonly uid: number; readonly gid: number },
): Readable {
  const target = pack();
  return toReadable(
    target,
    rewrite(archive, target, owner).catch((error: unknown) => Promise.reject(toArchiveError(error))),
  );
}

async function rewrite(
  source: Readable,
  target: Pack,
  owner: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const entries = extract();
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries);
  for await (const entry of entries) {
    const { name, mode, mtime, size, type, linkname } = entry.header;
    const header = { name, mode: mode & 0o777, mtime, type, ...owner };
    if (type === 'file') {
      await writeEntry(target, { ...header, size }, entry);
    } else if (type === 'directory' || type === 'symlink' || type === 'link') {
      target.entry({ ...header, linkname });
      entry.resume();
    } else {
      throw new BottleError(
        'usage-invalid',
        `The archive holds a ${type}, "${name}", which no bottle takes.`,
      );
    }
  }
}

function toArchiveError(error: unknown): Error {
  if (error instanceof BottleError) return error;
  return new BottleError(
    'usage-invalid',
    'The archive cannot be read: it is no tar archive, or ends too early.',
    { cause: error },
  );
}
