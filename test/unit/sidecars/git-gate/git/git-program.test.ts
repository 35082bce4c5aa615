import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { toBoundedGit, toGitEnvironment } from '../../../../../src/sidecars/git-gate/git/git-program.ts';

const mebibyte = 1024 * 1024;

/** Runs a shell command as a child of git, within its bounds. */
function runBelowGit(command: string): string {
  const bounds = { maxFileBytes: 3 * mebibyte, maxCpuSeconds: 60 };
  const [program, ...args] = toBoundedGit({ maxGitMemoryBytes: 256 * mebibyte }, bounds);
  return execFileSync(program, [...args, '-c', `alias.run=!${command}`, 'run'], {
    cwd: tmpdir(),
    env: toGitEnvironment(tmpdir()),
    encoding: 'utf8',
  }).trim();
}

it('a git process, and all it starts, is what the kernel ends first when memory is short', () => {
  expect(runBelowGit('cat /proc/self/oom_score_adj')).toBe('1000');
});

it('a git process, and all it starts, has its bounds', () => {
  const limits = runBelowGit('cat /proc/self/limits');
  expect(limits).toMatch(/^Max data size +268435456 /m);
  expect(limits).toMatch(/^Max file size +3145728 /m);
  expect(limits).toMatch(/^Max cpu time +60 /m);
  expect(limits).toMatch(/^Max core file size +0 /m);
});
