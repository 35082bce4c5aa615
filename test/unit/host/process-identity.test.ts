import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  isProcessOver,
  type ProcessIdentity,
  parseIdentityText,
  readOwnIdentity,
  toIdentityText,
} from '../../../src/host/process-identity.ts';

describe('process identity', () => {
  it('is the same each time, and passes through its text', async () => {
    const own = await readOwnIdentity();
    expect(await readOwnIdentity()).toEqual(own);
    expect(parseIdentityText(toIdentityText(own))).toEqual(own);
    expect(toIdentityText(own)).not.toMatch(/\s/);
  });

  it.each(['', '1', '1/2/3', '0/2/3/4', '-1/2/3/4', '1/2/3/4/5', 'x/2/3/4'])(
    'refuses the text "%s"',
    (text) => {
      expect(parseIdentityText(text)).toBeNull();
    },
  );

  it.each<[string, Partial<ProcessIdentity>, boolean]>([
    ['this process', {}, false],
    ['an earlier process of the same number', { started: '1' }, true],
    ['a number that no process has', { pid: 4_194_304 }, true],
    ['a process of an earlier boot', { bootId: 'other' }, true],
    [
      'a process in a namespace that cannot be looked into',
      { pidNamespace: 'pid:[1]', pid: 4_194_304 },
      false,
    ],
  ])('says of %s whether it is over', async (_what, changes, over) => {
    expect(await isProcessOver({ ...(await readOwnIdentity()), ...changes })).toBe(over);
  });

  it('counts a process as over that only awaits its parent', async () => {
    // The shell starts a process, and becomes one that never asks for its end.
    const child = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const pid = Number(
        await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data)))),
      );
      const own = await readOwnIdentity();
      await expect.poll(() => isProcessOver({ ...own, pid, started: 'whatever it was' })).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
