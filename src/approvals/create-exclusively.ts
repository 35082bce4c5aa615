import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes a file that appears with its whole text or not at all.
 * @returns false where there is one already, which stays as it is
 */
export async function createExclusively(path: string, text: string, mode: number): Promise<boolean> {
  // With a dot first: readers of the folder take it for what it is.
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    {
      await using file = await open(draft, 'wx', mode);
      await file.writeFile(text);
      await file.chmod(mode);
    }
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
