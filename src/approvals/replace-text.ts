import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Replaces a file of an instance's folder, or makes it, so that nobody sees half of it; readable by whoever reaches it, since
 * some are mounted into the bundle. Makes no folder: a bottle that goes down meanwhile must not leave one behind.
 */
export async function replaceText(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
  try {
    {
      await using file = await open(draft, 'wx', 0o644);
      await file.writeFile(text);
      await file.chmod(0o644);
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
