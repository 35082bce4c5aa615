import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';

interface IgnoreRule {
  readonly matches: (path: string) => boolean;
  /** `!`: takes back what an earlier line left out. */
  readonly keeps: boolean;
}

/**
 * Reads a context's `.dockerignore` (or `<Dockerfile>.dockerignore`, which comes first), as Docker's own client would.
 * @returns says whether a path is left out of the context; nothing is where there is no such file
 */
export async function readIgnoreFile(
  folder: string,
  dockerfile: string,
): Promise<(path: string, isFolder: boolean) => boolean> {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => null);
    if (text !== null) return parseIgnoreFile(text, [dockerfile, name]);
  }
  return () => false;
}

/**
 * Makes the rule from the file's text. The last line that matches a path or a folder above it decides.
 * @param needed paths that the engine itself needs, and that are never left out
 */
export function parseIgnoreFile(
  text: string,
  needed: readonly string[],
): (path: string, isFolder: boolean) => boolean {
  const rules = text.split(/\r?\n/).flatMap(parseLine);
  const anyKept = rules.some((rule) => rule.keeps);
  return (path, isFolder) => {
    // A folder that is left out may hold something that is not.
    if (needed.includes(path) || (isFolder && anyKept)) return false;
    const parents = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    const last = rules.findLast((rule) => parents.some((parent) => rule.matches(parent)));
    return last !== undefined && !last.keeps;
  };
}

function parseLine(line: string): readonly IgnoreRule[] {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return [];
  const keeps = text.startsWith('!');
  const pattern = (keeps ? text.slice(1).trim() : text).replace(/^\.?\/+/, '').replace(/\/+$/, '');
  if (pattern === '' || pattern === '.') return [];
  return [
    { keeps, matches: picomatch(pattern, { dot: true, nonegate: true, noextglob: true, nobrace: true }) },
  ];
}
