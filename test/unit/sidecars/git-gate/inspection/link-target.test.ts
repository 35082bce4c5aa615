import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLinkFault } from '../../../../../src/sidecars/git-gate/inspection/link-target.ts';

/** Follows a path as a file system does, in a tree of folders and links; null where it leaves the tree. */
function follow(
  links: ReadonlyMap<string, string>,
  from: readonly string[],
  target: string,
): readonly string[] | null {
  let at: readonly string[] = from;
  let steps = 0;
  const left = target.split('/');
  while (left.length > 0) {
    const part = left.shift() ?? '';
    steps += 1;
    if (steps > 200) return at;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.length === 0) return null;
      at = at.slice(0, -1);
      continue;
    }
    const next = [...at, part];
    const link = links.get(next.join('/'));
    if (link === undefined) at = next;
    else left.unshift(...link.split('/'));
  }
  return at;
}

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const target = fc
  .array(fc.constantFrom('a', 'b', 'c', '..', '.', ''), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));

describe('the target of a link', () => {
  it('that passes never leads out of the tree, whatever other links passed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(path, target), { maxLength: 8 }), (entries) => {
        const links = new Map(entries.filter(([at, to]) => findLinkFault(at, to) === null));
        // A link's own folder is a folder: below a link there are no entries.
        const inFolders = new Map([...links].filter(([at]) => !hasLinkAbove(links, at)));
        for (const [at, to] of inFolders)
          expect(follow(inFolders, at.split('/').slice(0, -1), to)).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['link', 'file'],
    ['link', 'folder/file'],
    ['a/b/link', '../../file'],
    ['a/b/link', './../c/./d'],
    ['link', '.github/x'],
    ['link', 'x.git/y'],
  ])('passes: %s -> %s', (at, to) => {
    expect(findLinkFault(at, to)).toBeNull();
  });

  it.each([
    ['link', '/etc/passwd', 'absolute'],
    ['link', 'C:/x', 'absolute'],
    ['link', '\\x', 'absolute'],
    ['link', '..', 'out of the tree'],
    ['a/link', '../../x', 'out of the tree'],
    ['a/link', 'b/../../../x', 'down and up'],
    ['link', 'a/../b', 'down and up'],
    ['link', 'a\\..\\b', 'no plain path'],
    ['link', '.git/config', "git's own"],
    ['link', '.GIT', "git's own"],
    ['link', 'GIT~1/config', "git's own"],
    ['link', '.git /config', "git's own"],
    ['link', Buffer.from('.g\u200cit/config').toString('latin1'), "git's own"],
    ['link', '', 'nowhere'],
  ])('is refused: %s -> %s', (at, to, words) => {
    expect(findLinkFault(at, to)).toContain(words);
  });
});

function hasLinkAbove(links: ReadonlyMap<string, string>, path: string): boolean {
  const parts = path.split('/');
  return parts.some((_, index) => index > 0 && links.has(parts.slice(0, index).join('/')));
}
