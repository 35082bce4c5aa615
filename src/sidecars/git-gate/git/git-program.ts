import type { GitGateLimits } from '../../../plans/git-gate-plan.ts';

/** What one git process and all it starts may use, besides memory. */
export interface GitBounds {
  /** Of any file it writes; null for no bound. */
  readonly maxFileBytes: number | null;
  /** Of the processor, in seconds; null for no bound. */
  readonly maxCpuSeconds: number | null;
}

const maxOpenFiles = 1024;

/** The most there is: of all processes, the kernel ends one of these first. */
const firstToEnd = 1000;

/**
 * Program and first arguments that run git within bounds.
 *
 * SECURITY: a pack that unpacks to more than memory ends the git process that reads it, and nothing else. The bound is on what
 * is allocated (`--data`), not on addresses: git maps its packs, which costs none of it. Where many such processes together take
 * all memory of the bundle, the kernel ends one of them, and not the daemon that is larger than each.
 */
export function toBoundedGit(
  { maxGitMemoryBytes }: Pick<GitGateLimits, 'maxGitMemoryBytes'>,
  { maxFileBytes, maxCpuSeconds }: GitBounds,
): readonly [string, ...string[]] {
  return [
    '/usr/bin/choom',
    `--adjust=${firstToEnd}`,
    '--',
    '/usr/bin/prlimit',
    `--data=${maxGitMemoryBytes}`,
    `--nofile=${maxOpenFiles}`,
    '--core=0',
    ...(maxFileBytes === null ? [] : [`--fsize=${maxFileBytes}`]),
    ...(maxCpuSeconds === null ? [] : [`--cpu=${maxCpuSeconds}`]),
    '/usr/bin/git',
  ];
}

/** Reading and comparing what is in a mirror: no bound but that of memory. */
export const readingBounds: GitBounds = { maxFileBytes: null, maxCpuSeconds: null };

/**
 * The environment of every git process: none of the daemon's own, no configuration but the mirror's, no question to anybody.
 * Replaced objects are not looked at, so that what is scanned is what is sent. `home` is a folder without any git files.
 */
export function toGitEnvironment(home: string): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: home,
    // What git and ssh say is read by the gate.
    LC_ALL: 'C',
    MALLOC_ARENA_MAX: '2',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    // SECURITY: git speaks with an upstream by these two protocols alone.
    GIT_ALLOW_PROTOCOL: 'ssh:https',
  };
}
