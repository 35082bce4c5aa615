/**
 * What is wrong with a symbolic link's target, or null. INVARIANT: what passes stays in the tree whatever
 * other links there are: it first goes up, no further than the root and by folders that are real, and then
 * only down; so every step of a chain of links ends within the tree.
 * @param path of the link in its tree
 */
export function findLinkFault(path: string, target: string): string | null {
  if (target === '') return 'is a link to nowhere';
  if (/^[/\\]|^[A-Za-z]:/.test(target)) return 'is a link to an absolute path';
  if (target.includes('\0') || target.includes('\\')) return 'is a link whose target is no plain path';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const climbs = up === -1 ? parts.length : up;
  const depth = path.split('/').length - 1;
  if (climbs > depth) return 'is a link out of the tree';
  const down = parts.slice(climbs);
  if (down.includes('..')) return 'is a link that goes down and up again';
  if (down.some((part) => isGitFolder(part))) return "is a link into git's own folder";
  return null;
}

/**
 * `.git` in any case, and what some file systems take for it: with dots or spaces behind, as a short name,
 * with characters left out.
 */
function isGitFolder(part: string): boolean {
  const plain = Buffer.from(part, 'latin1')
    .toString('utf8')
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/[. ]+$|:.*$/g, '');
  return /^(?:\.git|git~\d)$/i.test(plain);
}
