import { startGit } from './git-process.ts';
import type { PushRepository } from './push.ts';

/**
 * Ids of all commits that the tips lead to and no ref of the mirror does, older ones first; at most `most
 * + 1` of them.
 * @param tips ids of commits or tags, hexadecimal
 */
export async function listNewCommits(
  repository: PushRepository,
  tips: readonly string[],
  most: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const args = ['rev-list', '--reverse', `--max-count=${most + 1}`, '--stdin', '--not', '--all'];
  using git = startGit(repository, args, signal);
  git.stdin.end(tips.map((tip) => `${tip}\n`).join(''));
  const chunks: Buffer[] = [];
  for await (const chunk of git.stdout) chunks.push(chunk);
  await git.finished;
  return Buffer.concat(chunks).toString('latin1').split('\n').slice(0, -1);
}
