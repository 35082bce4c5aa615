import type { Finding } from './finding.ts';

const shortIdLength = 12;
const maxPathCharacters = 200;

/**
 * A finding as one sentence for the agent, the log and the operator:
 * `commit 1f2e3d4c5b6a: src/config.ts, line 3, holds a GitHub token (github-token)`.
 */
export function toFindingText(finding: Finding): string {
  const { commit, place, says, rule } = finding;
  const whose = place === 'tag' ? 'tag' : 'commit';
  const where = commit === null ? '' : `${whose} ${commit.slice(0, shortIdLength)}: `;
  return `${where}${toSubject(finding)} ${says} (${rule})`;
}

function toSubject({ place, path, line }: Finding): string {
  const atLine = line === null ? '' : `, line ${line},`;
  switch (place) {
    case 'file':
      return `${path ?? 'a file whose name is not shown'}${atLine}`;
    case 'file-name':
      return 'the name of a file';
    case 'ref-name':
      return 'the name of a ref';
    case 'push':
      return 'the push';
    case 'message':
      return `the message${atLine}`;
    case 'tag':
      return `its text${atLine}`;
    case 'author':
    case 'committer':
      return `the ${place}`;
    case 'commit-header':
      return `a header${atLine}`;
  }
}

/**
 * A path as it may be shown. SECURITY: the guest chose it; what is no printable character, or could turn
 * text round, is written as its number.
 * @param path one character a byte
 */
export function toShownPath(path: string): string {
  const text = Buffer.from(path, 'latin1').toString('utf8');
  const shown = text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\ufffd/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return shown.length > maxPathCharacters ? `${shown.slice(0, maxPathCharacters)}...` : shown;
}
