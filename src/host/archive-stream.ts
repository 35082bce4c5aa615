import { Readable } from 'node:stream';
import type { Header, Pack } from 'tar-stream';
import { BottleError } from '../errors.ts';

/**
 * Adds a file to an archive, as fast as whoever reads the archive takes it.
 * @param header with the size that the content is going to have
 * @throws BottleError `usage-invalid` when the content turns out shorter, as of a file that is being written
 */
export async function writeEntry(
  archive: Pack,
  header: Partial<Header> & Pick<Header, 'name' | 'size'>,
  content: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<void> {
  const { promise: packed, resolve, reject } = Promise.withResolvers<void>();
  // Awaited below; until then a failure must not count as one that nobody handles.
  packed.catch(() => undefined);
  const entry = archive.entry(header, (error) => (error ? reject(error) : resolve()));
  // What breaks the archive breaks its entries too, and is reported once.
  entry.on('error', () => undefined);
  let written = 0;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the content of a file is bytes');
    written += chunk.length;
    if (entry.write(chunk)) continue;
    const drained = Promise.withResolvers<void>();
    entry.once('drain', () => drained.resolve());
    await Promise.race([packed, drained.promise]);
  }
  if (written !== header.size) {
    throw new BottleError('usage-invalid', `${header.name} became shorter while it was copied.`, {
      hint: 'Try again.',
    });
  }
  entry.end(null);
  await packed;
}

/**
 * An archive as a stream of Node's own, which fails with the error of the work that fills it, and never looks whole where
 * that failed.
 */
export function toReadable(archive: Pack, work: Promise<void>): Readable {
  // Both are reported by the stream below, to whoever reads it.
  archive.on('error', () => undefined);
  work.then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(read(archive, work));
}

async function* read(archive: Pack, work: Promise<void>): AsyncGenerator<unknown> {
  try {
    yield* archive;
  } catch (error) {
    await work;
    throw error;
  }
  await work;
}
