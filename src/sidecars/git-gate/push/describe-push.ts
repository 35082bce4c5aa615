import type { RefUpdate } from '../../../queue/proposal.ts';
import { queueLimits } from '../../../queue/queue-limits.ts';

/** Runs git on the mirror and the push's objects, and gives its standard output. */
export type ReadGit = (args: readonly string[]) => Promise<string>;

/** What an operator reads of a push besides its refs. */
export interface PushDescription {
  /** What `git diff --stat` says of each ref, cut to the queue's bound. */
  readonly diffstat: string;
  /** The subjects of the new commits, newest first, cut to the queue's bound. */
  readonly subjects: string;
}

const maxSubjects = 50;

/** Describes a push: each ref against what it was, a new one against what it has in common with upstream's HEAD. */
export async function describePush(git: ReadGit, updates: readonly RefUpdate[]): Promise<PushDescription> {
  const stats: string[] = [];
  for (const update of updates) {
    const base = update.change === 'create' ? await findBase(git, update.new) : update.old;
    const stat = await git([
      'diff',
      '--stat=100',
      '--stat-count=200',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      '--ignore-submodules=none',
      '--end-of-options',
      base,
      update.new,
      '--',
    ]);
    stats.push(updates.length > 1 ? `${update.ref}\n${stat}` : stat);
  }
  const subjects = await git([
    'log',
    '--no-color',
    '--no-decorate',
    `--max-count=${maxSubjects}`,
    '--format=%h %s',
    ...updates.map((update) => update.new),
    '--not',
    '--all',
    '--',
  ]);
  return {
    diffstat: stats.join('\n').slice(0, queueLimits.maxDiffstatLength),
    subjects: subjects.slice(0, queueLimits.maxReasonLength),
  };
}

/** The last commit that a new branch has in common with upstream's HEAD, or nothing: git's name for the empty tree. */
async function findBase(git: ReadGit, commit: string): Promise<string> {
  const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
  const base = await git(['merge-base', '--end-of-options', 'HEAD', commit]).catch(() => '');
  return base.trim() === '' ? emptyTree : base.trim();
}
