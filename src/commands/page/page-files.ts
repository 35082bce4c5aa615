import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../../errors.ts';
import { findPackageRoot } from '../../host/package-root.ts';

/** What a browser is given, as the build made it. */
export interface PageFiles {
  /** @param key the session's key for the page's script, or null for a browser that has it */
  html(key: string | null): string;
  readonly script: string;
  readonly style: string;
}

const keyPlace = '<meta name="bottle-key" content="">';

/** @throws BottleError `bug` when the build has not made them */
export async function readPageFiles(): Promise<PageFiles> {
  const folder = join(findPackageRoot(), 'dist', 'page');
  const read = (name: string) =>
    readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
      throw new BottleError('bug', `The page's ${name} is not there.`, { cause });
    });
  const [html, script, style] = await Promise.all([read('index.html'), read('page.js'), read('style.css')]);
  return {
    html: (key) => (key === null ? html : html.replace(keyPlace, keyPlace.replace('""', `"${key}"`))),
    script,
    style,
  };
}
