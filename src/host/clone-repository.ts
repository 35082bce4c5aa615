import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import { runProgram } from './run-program.ts';

const timeoutMs = 10 * 60_000;
const maxOutputBytes = 1024 * 1024;

export interface CloneRequest {
  /** The repository's folder on this host. */
  readonly source: string;
  /** The remotes that the clone gets; the repository's own are not taken over. */
  readonly remotes: readonly { readonly name: string; readonly url: string }[];
  /** A folder that is there, for this request alone. */
  readonly scratch: string;
  /** Where programs are looked for. */
  readonly searchPath: string;
  readonly signal: AbortSignal;
}

/**
 * Clones a repository of this host: the branches and what is committed on the one that is checked out, nothing that is shared.
 * SECURITY: a bottle's agent may have had write access to the repository. So git sees no configuration but ours and the
 * repository's own, runs no hook and no filter, follows no submodule, and speaks to nobody; a repository that could make
 * it fetch (a partial clone) is refused, for what to fetch with is a command in the repository's configuration.
 * @returns the clone's folder
 * @throws BottleError `usage-invalid`
 */
export async function cloneRepository(request: CloneRequest): Promise<string> {
  const { source, scratch } = request;
  const home = join(scratch, 'git-home');
  const target = join(scratch, 'clone');
  await mkdir(home, { mode: 0o700 });
  // Git refuses a repository of another user's, as a workspace can be when the operator is root; named outright, it is meant.
  const config = join(home, 'config');
  await writeFile(
    config,
    `[safe]\n\tdirectory = ${quote(source)}\n\tdirectory = ${quote(`${source}/.git`)}\n`,
  );
  const git: Git = (args) => runGit(args, config, home, request);
  if ((await git(['-C', source, 'rev-parse', '--git-dir'])) === null) {
    throw new BottleError(
      'usage-invalid',
      `The workspace's source ${source} is no git repository that can be read.`,
      {
        hint: 'Use workspace.mode "copy" or "bind", or run "git init" there.',
      },
    );
  }
  const fetching = '^(extensions\\.partialclone|remote\\..*\\.(promisor|uploadpack|vcs))$';
  if (
    (await git([
      '-C',
      source,
      'config',
      '--local',
      '--includes',
      '--name-only',
      '--get-regexp',
      fetching,
    ])) !== null
  ) {
    throw new BottleError('usage-invalid', `The repository ${source} is set up to fetch while it is read.`, {
      hint: 'Partial clones and own upload-pack commands cannot be cloned safely: use workspace.mode "copy".',
    });
  }
  const flags = ['--quiet', '--no-hardlinks', '--no-recurse-submodules', '--template='];
  if ((await git(['clone', ...flags, '--', source, target])) === null) {
    throw new BottleError('usage-invalid', `The repository ${source} could not be cloned.`, {
      hint: 'Run "git fsck" there, or use workspace.mode "copy".',
    });
  }
  await setRemotes(target, request.remotes, git);
  return target;
}

/**
 * Gives the clone its remotes, and the branch that is checked out its counterpart in "origin", as a clone of that would have.
 * @throws BottleError `usage-invalid` where git does not take one
 */
async function setRemotes(target: string, remotes: CloneRequest['remotes'], git: Git): Promise<void> {
  const branch = await git(['-C', target, 'symbolic-ref', '--quiet', 'HEAD']);
  // Its address is a path of the host's: of no use inside, and nobody's business there.
  const settings = [['remote', 'remove', 'origin']];
  for (const { name, url } of remotes) settings.push(['remote', 'add', '--', name, url]);
  if (branch !== null && remotes.some(({ name }) => name === 'origin')) {
    const ref = branch.trim();
    const key = `branch.${ref.replace('refs/heads/', '')}`;
    settings.push(['config', '--', `${key}.remote`, 'origin'], ['config', '--', `${key}.merge`, ref]);
  }
  for (const setting of settings) {
    if ((await git(['-C', target, ...setting])) !== null) continue;
    throw new BottleError(
      'usage-invalid',
      `The clone of the workspace did not take the setting "${setting.join(' ')}".`,
    );
  }
}

/** Runs git, and returns what it printed, or null where it failed. */
type Git = (args: readonly string[]) => Promise<string | null>;

/** @returns what git printed, or null where it failed */
async function runGit(
  args: readonly string[],
  config: string,
  home: string,
  { searchPath, signal }: CloneRequest,
): Promise<string | null> {
  const result = await runProgram({
    argv: [
      'git',
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'protocol.allow=never',
      '-c',
      'protocol.file.allow=always',
      ...args,
    ],
    env: {
      PATH: searchPath,
      HOME: home,
      LC_ALL: 'C',
      GIT_CONFIG_GLOBAL: config,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_ALLOW_PROTOCOL: 'file',
      GIT_NO_LAZY_FETCH: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_LFS_SKIP_SMUDGE: '1',
    },
    timeoutMs,
    maxOutputBytes,
    signal,
  });
  if (result.kind === 'not-started') {
    throw new BottleError('usage-invalid', 'Cloning the workspace takes git, which is not on this host.', {
      hint: 'Install git, or use workspace.mode "copy".',
    });
  }
  return result.kind === 'ended' && result.status === 0 ? result.stdout : null;
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
