import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { gitEnvironment } from '../test/support/git.ts';

/**
 * Puts a history onto a branch of a bare repository, on top of what is there: source files of a few kilobytes that grow and
 * change line by line, as those of people do; one changed file a commit. The same bytes for the same `seed`.
 */
export async function writeHistory(
  directory: string,
  branch: string,
  { commits, seed, from }: { readonly commits: number; readonly seed: string; readonly from: string | null },
): Promise<void> {
  const child = spawn('git', ['fast-import', '--quiet'], {
    cwd: directory,
    env: gitEnvironment,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const files = new Map<string, string[]>();
  for (let index = 0; index < commits; index += 1) {
    const text = toCommit(branch, index, index === 0 ? from : null, toChange(files, seed, index));
    if (!child.stdin.write(text)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`git fast-import: ${errors}`);
}

const linesOfNewFile = 40;
const filesOfAll = 400;

function toChange(files: Map<string, string[]>, seed: string, index: number): { path: string; text: string } {
  const number = (index * 7919) % filesOfAll;
  const path = `src/part-${String(number % 20)}/file-${String(number)}.ts`;
  const lines =
    files.get(path) ?? Array.from({ length: linesOfNewFile }, (_, line) => toLine(seed, index, line));
  lines[(index * 31) % lines.length] = toLine(seed, index, -1);
  if (index % 3 === 0) lines.push(toLine(seed, index, -2));
  files.set(path, lines);
  return { path, text: `${lines.join('\n')}\n` };
}

function toLine(seed: string, index: number, line: number): string {
  const word = createHash('sha256')
    .update(`${seed} ${String(index)} ${String(line)}`)
    .digest('hex')
    .slice(0, 12);
  return `export const value_${word} = compute('${word.slice(0, 5)}', ${String(index)}, options);`;
}

function toCommit(
  branch: string,
  index: number,
  from: string | null,
  change: { path: string; text: string },
): string {
  const message = `Change ${String(index)} of ${change.path}\n`;
  return [
    `commit refs/heads/${branch}`,
    `committer somebody <somebody@localhost> ${String(1_700_000_000 + index * 60)} +0000`,
    `data ${String(Buffer.byteLength(message))}`,
    message,
    ...(from === null ? [] : [`from ${from}`]),
    `M 100644 inline ${change.path}`,
    `data ${String(Buffer.byteLength(change.text))}`,
    change.text,
  ].join('\n');
}
