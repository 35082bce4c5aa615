import { constants } from 'node:fs';
import { lstat, open, opendir } from 'node:fs/promises';
import { createRecall } from './recall.ts';

/** Reads texts of files, and remembers those that have not changed since. */
export interface FileTexts {
  /**
   * @returns null where there is no file
   * @throws Error with a few plain words where it is no file that may be read
   */
  read(path: string): Promise<string | null>;
  /** Forgets files that were not read since the last call. */
  forgetUnread(): void;
}

/** @param maxBytes of one file; what is longer is not read */
export function createFileTexts(maxBytes: number): FileTexts {
  const known = createRecall<{ readonly version: string; readonly text: string }>();
  return {
    async read(path) {
      const version = await findVersion(path);
      if (version === null) return null;
      const before = known.get(path);
      const text = before?.version === version ? before.text : await readBoundedFile(path, maxBytes);
      if (text !== null) known.set(path, { version, text });
      return text;
    },
    forgetUnread: known.forgetUnread,
  };
}

/**
 * Reads a file that others may have put there. SECURITY: nothing but a plain file is read, no link is followed, a pipe is
 * not waited for, and no more than `maxBytes` is taken.
 * @returns null where there is none
 */
async function readBoundedFile(path: string, maxBytes: number): Promise<string | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error('it is not a plain file');
    if (facts.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    const buffer = Buffer.alloc(facts.size);
    const { bytesRead } = await file.read(buffer, 0, facts.size, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return null;
    if (code === null) throw error;
    throw new Error(code === 'ELOOP' ? 'it is a link' : `it cannot be read (${code})`);
  }
}

/**
 * Names in a folder, at most `most` of them; `more` where there are others. Empty where there is no folder.
 * @throws Error with a few plain words where it cannot be read
 */
export async function listNames(
  folder: string,
  most: number,
): Promise<{ readonly names: readonly string[]; readonly more: boolean }> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (names.length === most) return { names, more: true };
      names.push(name);
    }
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT') throw new Error(`its folder cannot be read (${code})`);
  }
  return { names, more: false };
}

async function findVersion(path: string): Promise<string | null> {
  try {
    const { ino, size, ctimeNs } = await lstat(path, { bigint: true });
    return `${ino} ${size} ${ctimeNs}`;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return null;
    throw new Error(`it cannot be read (${code})`);
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
