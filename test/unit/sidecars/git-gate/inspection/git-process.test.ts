import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createScanTables } from '../../../../../src/scan/scan-tables.ts';
import { startGit } from '../../../../../src/sidecars/git-gate/inspection/git-process.ts';
import { inspectPush } from '../../../../../src/sidecars/git-gate/inspection/inspect-push.ts';
import type { PushRepository } from '../../../../../src/sidecars/git-gate/inspection/push.ts';
import { refuseAll } from './support/pushed-repository.ts';

const shell = (script: string): PushRepository => ({
  git: ['/bin/sh', '-c', script],
  directory: '/',
  objectDirectory: '/objects',
  alternateObjectDirectories: '/more',
});
const never = new AbortController().signal;

describe('a git of the inspection', () => {
  it('gets its own environment and nothing of ours', async () => {
    process.env.GIT_CONFIG_COUNT = '1';
    using git = startGit(shell('env'), ['log'], never);
    const lines = (await text(git.stdout)).split('\n');
    delete process.env.GIT_CONFIG_COUNT;
    await git.finished;
    const names = lines.map((line) => line.split('=')[0]).filter((name) => name?.startsWith('GIT_'));
    expect(names.sort()).toEqual([
      'GIT_ALLOW_PROTOCOL',
      'GIT_ALTERNATE_OBJECT_DIRECTORIES',
      'GIT_CONFIG_GLOBAL',
      'GIT_CONFIG_NOSYSTEM',
      'GIT_DIR',
      'GIT_NO_LAZY_FETCH',
      'GIT_NO_REPLACE_OBJECTS',
      'GIT_OBJECT_DIRECTORY',
      'GIT_TERMINAL_PROMPT',
    ]);
    expect(lines.some((line) => line.startsWith('HOME='))).toBe(false);
  });

  it('that fails is an error with its words', async () => {
    using git = startGit(shell('echo "fatal: no such thing" >&2; exit 3'), ['log'], never);
    git.stdout.resume();
    await expect(git.finished).rejects.toThrow('git log ended with 3: fatal: no such thing');
  });

  it('ends with its signal, and so does an inspection', async () => {
    const controller = new AbortController();
    using git = startGit(shell('read line'), ['log'], controller.signal);
    git.stdout.resume();
    const update = { ref: 'refs/heads/x', old: '0'.repeat(40), new: 'a'.repeat(40) };
    const rules = { known: createScanTables([]), checks: refuseAll };
    const limits = { maxFileBytes: 1, maxUnpackedBytes: 1, maxCommits: 1 };
    const inspection = inspectPush(shell('exec cat >&2'), [update], rules, limits, controller.signal);
    controller.abort();
    await expect(git.finished).rejects.toThrow();
    await expect(inspection).rejects.toThrow();
  });

  it.each(['--all', 'HEAD', `${'a'.repeat(40)}\n--all`, 'a'.repeat(41)])(
    'is never given "%s" for an id',
    async (id) => {
      const update = { ref: 'refs/heads/x', old: '0'.repeat(40), new: id };
      const rules = { known: createScanTables([]), checks: refuseAll };
      const limits = { maxFileBytes: 1, maxUnpackedBytes: 1, maxCommits: 1 };
      await expect(inspectPush(shell('exit 9'), [update], rules, limits, never)).rejects.toThrow(
        'an id that is none',
      );
      const whole = { ...update, new: 'a'.repeat(40) };
      await expect(inspectPush(shell('exit 9'), [whole], rules, limits, never)).rejects.toThrow(
        'ended with 9',
      );
    },
  );
});
