import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** References of the images bottle builds, as `dist/images.json` holds them. */
export interface ImageTags {
  readonly bundle: string;
  readonly agents: Readonly<Record<string, string>>;
}

/**
 * Names each image by what it is built from: a changed file gives a new reference, so that a stale image is
 * never taken for a current one.
 */
export async function createImageTags(imagesFolder: string, sidecarsFolder: string): Promise<ImageTags> {
  const kinds = await readdir(join(imagesFolder, 'agents')).catch((cause: unknown) => {
    throw new Error(`There are no image folders below ${imagesFolder}.`, { cause });
  });
  const bundle = await hashFolders({ '': join(imagesFolder, 'bundle'), 'sidecars/': sidecarsFolder });
  const agents: Record<string, string> = {};
  for (const kind of kinds.sort()) {
    agents[kind] = `bottle-${kind}:${await hashFolders({ '': join(imagesFolder, 'agents', kind) })}`;
  }
  return { bundle: `bottle-bundle:${bundle}`, agents };
}

/** The first 12 digits of a SHA-256 over the names and contents of all files, each folder's under its prefix. */
async function hashFolders(folders: Readonly<Record<string, string>>): Promise<string> {
  const hash = createHash('sha256');
  for (const [prefix, folder] of Object.entries(folders)) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) {
      const content = await readFile(file);
      hash.update(`${prefix}${file.slice(folder.length + 1)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 12);
}
