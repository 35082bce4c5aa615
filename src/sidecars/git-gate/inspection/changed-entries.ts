import type { Writable } from 'node:stream';
import { startGit } from './git-process.ts';
import type { PushRepository } from './push.ts';

/**
 * One entry of a commit's tree that no parent has like that: its name, its mode or what it holds is new
 * there.
 */
export interface ChangedEntry {
  readonly commit: string;
  /** Six octal digits: `100644`, `120000` a link, `160000` a submodule's commit, `040000` a folder. */
  readonly mode: string;
  readonly id: string;
  /** One character a byte. */
  readonly path: string;
}

/** A name that no file system takes. */
const maxPathBytes = 4096;

/**
 * What `git diff-tree` says of commits, each against all its parents. INVARIANT: renames are not looked
 * for, so that an entry that was only renamed or whose mode alone changed is there too; folders are
 * listed, so that the name of an empty one is.
 * @throws Error where a path is longer than 4096 bytes
 */
export async function* readChangedEntries(
  repository: PushRepository,
  commits: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly ChangedEntry[]> {
  const format = ['--raw', '-z', '--no-abbrev', '--no-renames', '--ignore-submodules=none'];
  using git = startGit(repository, ['diff-tree', '--stdin', '-r', '-t', '-c', '--root', ...format], signal);
  writeLines(git.stdin, commits);
  const parser = createEntryParser();
  for await (const chunk of git.stdout) yield parser.push(chunk);
  await git.finished;
  parser.end();
}

function writeLines(stdin: Writable, lines: readonly string[]): void {
  stdin.end(lines.map((line) => `${line}\n`).join(''));
}

/**
 * Reads `:<mode> <mode> <id> <id> <letter>` and `<path>`, each ended by a zero byte; before a commit's
 * entries its id stands alone.
 */
function createEntryParser() {
  let rest = '';
  let commit = '';
  let header: string | null = null;
  return {
    push(chunk: Buffer): readonly ChangedEntry[] {
      const tokens = (rest + chunk.toString('latin1')).split('\0');
      rest = tokens.pop() ?? '';
      const entries: ChangedEntry[] = [];
      for (const token of [...tokens, rest]) {
        // INVARIANT: what is kept for the next bytes is bounded, whatever a tree holds.
        if (token.length > maxPathBytes) throw new Error(`a path is longer than ${maxPathBytes} bytes`);
      }
      for (const token of tokens) {
        if (header !== null) {
          const entry = toEntry(commit, header, token);
          if (entry.mode !== '000000') entries.push(entry);
          header = null;
        } else if (token.startsWith(':')) {
          header = token;
        } else {
          commit = token;
        }
      }
      return entries;
    },
    end(): void {
      if (rest !== '' || header !== null) throw new Error('git diff-tree ended within an entry');
    },
  };
}

/**
 * Of a merge there are as many modes and ids as parents, one colon each, and then those of the merge
 * itself.
 */
function toEntry(commit: string, header: string, path: string): ChangedEntry {
  const parents = header.lastIndexOf(':') + 1;
  const fields = header.slice(parents).split(' ');
  const mode = fields[parents];
  const id = fields[2 * parents + 1];
  if (mode === undefined || id === undefined || fields.length !== 2 * parents + 3) {
    throw new Error('git diff-tree wrote a line that is none');
  }
  return { commit, mode, id, path };
}
