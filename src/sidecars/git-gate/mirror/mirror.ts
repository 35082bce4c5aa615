import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitGateLimits, GitRemotePlan } from '../../../plans/git-gate-plan.ts';
import type { Log } from '../../daemon/log.ts';
import type { GateFolders } from '../gate-folders.ts';
import { type GitEnd, runGit } from '../git/git-process.ts';
import { readingBounds, toBoundedGit, toGitEnvironment } from '../git/git-program.ts';
import type { UpstreamAccess } from '../upstream/upstream-access.ts';
import { toUpstreamFailure, UpstreamFailure } from '../upstream/upstream-failure.ts';
import { credentialFiles } from '../upstream/write-credentials.ts';
import { toMirrorConfiguration } from './mirror-configuration.ts';
import { areSameRefs, parseLocalRefs, parseRemoteRefs, type RefState } from './mirror-state.ts';
import { type OwnBranches, openOwnBranches } from './own-branches.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { shareRuns } from './share-runs.ts';
import { createTurns, type Turns } from './turns.ts';

/** A remote's bare repository in the bundle: what upstream had at the last refresh, and what it has taken from the gate since. */
export interface Mirror {
  readonly directory: string;
  readonly ownBranches: OwnBranches;
  /** Whoever changes refs takes a turn: a refresh that fetches, and a push from before upstream takes it to its end. */
  readonly turns: Turns;
  /**
   * Makes the mirror as upstream is now, seen after the call.
   * @throws UpstreamFailure; INVARIANT: the mirror must then not be served
   */
  refresh(): Promise<void>;
  /** Refreshes only where there was no refresh yet, or what upstream has became doubtful since. */
  refreshIfDoubtful(): Promise<void>;
  /** Says that upstream may have what the mirror has not. */
  doubt(): void;
  /** Branches and tags as the mirror has them. */
  readRefs(): Promise<ReadonlyMap<string, string>>;
}

export interface MirrorOptions {
  readonly remote: GitRemotePlan;
  readonly access: UpstreamAccess;
  readonly folders: GateFolders;
  readonly limits: GitGateLimits;
  readonly log: Log;
}

/** Of what git does in a mirror without anybody else: far above what it takes. */
const localTimeoutMs = 60_000;
const maxRefBytes = 64 * 1024 * 1024;
const refSpecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

/** Makes the repository, or takes up the one that is there; nothing is asked of upstream. */
export async function openMirror({ remote, access, folders, limits, log }: MirrorOptions): Promise<Mirror> {
  const directory = join(folders.mirrors, `${remote.name}.git`);
  const git = toBoundedGit(limits, readingBounds);
  const ownEnvironment = toGitEnvironment(join(folders.run, credentialFiles.home));
  await mkdir(directory, { recursive: true, mode: 0o700 });

  const run = async (
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<GitEnd> =>
    runGit({ argv: [...git, ...args], cwd: directory, env, signal, maxOutputBytes: maxRefBytes });
  const runHere = async (args: readonly string[]): Promise<string> => {
    const end = await run(args, ownEnvironment, AbortSignal.timeout(localTimeoutMs));
    if (end.status === 0) return end.stdout;
    throw new Error(`git ${args[0]} ended with ${end.status} in the mirror of ${remote.name}: ${end.stderr}`);
  };
  const runUpstream = async (args: readonly string[], late: AbortSignal): Promise<string> => {
    const end = await run(args, access.env, late).catch((error: unknown) => {
      throw late.aborted ? new UpstreamFailure('timed-out', access.host, '') : error;
    });
    if (end.status === 0) return end.stdout;
    throw new UpstreamFailure(toUpstreamFailure(end.stderr), access.host, end.stderr);
  };

  await runHere(['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '.']);
  await writeFile(join(directory, 'config'), toMirrorConfiguration(remote, join(folders.programs, 'hooks')));
  await removeLeftovers(directory);

  const turns = createTurns();
  let doubtful = true;

  const readRefs = async (): Promise<ReadonlyMap<string, string>> =>
    parseLocalRefs(
      await runHere(['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/', 'refs/tags/']),
    );
  const readHead = async (): Promise<string> => (await runHere(['symbolic-ref', 'HEAD'])).trim();

  const take = async (upstream: RefState, late: AbortSignal): Promise<void> => {
    if (!areSameRefs(await readRefs(), upstream.refs)) {
      try {
        await runUpstream(
          [
            'fetch',
            '--quiet',
            '--atomic',
            '--prune',
            '--no-tags',
            '--no-write-fetch-head',
            '--no-auto-maintenance',
            '--no-recurse-submodules',
            '--end-of-options',
            access.url,
            ...refSpecs,
          ],
          late,
        );
      } catch (error) {
        // What was killed may have left a lock; nobody else changes refs in this turn.
        await removeLeftovers(directory);
        throw error;
      }
    }
    if (upstream.head !== null && upstream.head !== (await readHead())) {
      await runHere(['symbolic-ref', 'HEAD', upstream.head]);
    }
  };

  const refresh = shareRuns(async () => {
    const began = performance.now();
    const late = AbortSignal.timeout(limits.refreshTimeoutMs);
    const listing = await runUpstream(
      ['ls-remote', '--quiet', '--symref', '--end-of-options', access.url],
      late,
    );
    await turns.take(() => take(parseRemoteRefs(listing), late), late);
    doubtful = false;
    const elapsed_ms = Math.round(performance.now() - began);
    log.write({
      level: 'debug',
      event: 'git-refresh',
      remote: remote.name,
      elapsed_ms,
      message: `${remote.name} is as upstream`,
    });
  });

  return {
    directory,
    ownBranches: await openOwnBranches(directory),
    turns,
    refresh,
    refreshIfDoubtful: () => (doubtful ? refresh() : Promise.resolve()),
    doubt() {
      doubtful = true;
    },
    readRefs,
  };
}
