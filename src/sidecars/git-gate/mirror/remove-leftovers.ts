import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what git processes that were killed left in a mirror: lock files, which would stop every later change, and objects of
 * pushes that were not taken in. Only while no git process writes there.
 */
export async function removeLeftovers(repository: string): Promise<void> {
  const remove = (...path: readonly string[]): Promise<void> =>
    rm(join(repository, ...path), { recursive: true, force: true });
  for (const name of await readdir(repository)) if (name.endsWith('.lock')) await remove(name);
  for (const name of await readdir(join(repository, 'refs'), { recursive: true })) {
    if (name.endsWith('.lock')) await remove('refs', name);
  }
  await removeReceived(repository);
  for (const name of await readdir(join(repository, 'objects/pack'))) {
    if (name.startsWith('tmp_') || name.endsWith('.lock')) await remove('objects/pack', name);
  }
}

/** Removes the objects of pushes that were not taken in. Only while no push is under way. */
export async function removeReceived(repository: string): Promise<void> {
  for (const name of await readdir(join(repository, 'objects'))) {
    if (!/^(?:tmp_objdir-)?incoming-/.test(name)) continue;
    await rm(join(repository, 'objects', name), { recursive: true, force: true });
  }
}
