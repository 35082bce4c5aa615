import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireClaim, claimPath } from '../../../src/host/claim.ts';
import { readOwnIdentity } from '../../../src/host/process-identity.ts';

const claimModule = new URL('../../../src/host/claim.ts', import.meta.url).href;

describe('acquireClaim', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    path = claimPath(folder, 'one');
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A claim that a process left which is over: this one's number, but another start. */
  async function leaveDead(at: string, nonce = 'dead'): Promise<void> {
    const owner = { ...(await readOwnIdentity()), started: '1' };
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, JSON.stringify({ slug: 'one-0000', owner, nonce }));
  }

  const entries = (): Promise<readonly string[]> => readdir(join(folder, 'claims'));

  it('is exclusive until it is released, once or twice', async () => {
    const claim = await acquireClaim(path, 'one', 'one-1111');
    await expect(acquireClaim(path, 'one', 'one-2222')).rejects.toMatchObject({
      code: 'bottle-already-up',
      message: expect.stringContaining(String(process.pid)),
    });
    const other = await acquireClaim(claimPath(folder, 'two'), 'two', 'two-1111');
    await claim.release();
    await claim.release();
    await (await acquireClaim(path, 'one', 'one-2222')).release();
    await other.release();
    expect(await entries()).toEqual([]);
  });

  it('does not release a claim that is another one by then', async () => {
    const first = await acquireClaim(path, 'one', 'one-1111');
    await first.release();
    const second = await acquireClaim(path, 'one', 'one-2222');
    await first.release();
    await expect(acquireClaim(path, 'one', 'one-3333')).rejects.toMatchObject({ code: 'bottle-already-up' });
    await second.release();
  });

  it('takes over from a process that is over', async () => {
    await leaveDead(path);
    const claim = await acquireClaim(path, 'one', 'one-1111');
    await expect(acquireClaim(path, 'one', 'one-2222')).rejects.toMatchObject({ code: 'bottle-already-up' });
    await claim.release();
    expect(await entries()).toEqual([]);
  });

  it('takes over where the one that took over has died too', async () => {
    await leaveDead(path);
    await leaveDead(`${path}.dead`, 'deader');
    await (await acquireClaim(path, 'one', 'one-1111')).release();
    expect(await entries()).toEqual([]);
  });

  it('lets one of many in the same process have a dead claim', async () => {
    await leaveDead(path);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => acquireClaim(path, 'one', 'one-1111')),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('lets one of many processes have a dead claim, round after round', { timeout: 60_000 }, async () => {
    // Each says whether it got it, and holds it until its input ends.
    const script = `
      import { acquireClaim } from ${JSON.stringify(claimModule)};
      process.stdin.once('data', async () => {
        try { await acquireClaim(${JSON.stringify(path)}, 'one', 'one-1111'); console.log('won'); }
        catch (error) { console.log(error.code); }
      });
      console.log('ready');`;
    for (let round = 0; round < 3; round++) {
      await leaveDead(path, `dead-${round}`);
      const children = Array.from({ length: 6 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      );
      await Promise.all(
        children.map((child) => new Promise((resolve) => child.stdout.once('readable', resolve))),
      );
      for (const child of children) child.stdin.write('go\n');
      const answers = children.map(async (child) => {
        const words: string[] = [];
        for await (const chunk of child.stdout.setEncoding('utf8')) {
          words.push(...String(chunk).split('\n').filter(Boolean));
          if (words.length === 2) break;
        }
        return words[1];
      });
      const said = await Promise.all(answers);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
      expect(said.toSorted()).toEqual([...Array(5).fill('bottle-already-up'), 'won']);
      await rm(path);
    }
    expect(await entries()).toEqual([]);
  });

  it('is taken over from a process that was killed while it held it', async () => {
    const script = `
      import { acquireClaim } from ${JSON.stringify(claimModule)};
      await acquireClaim(${JSON.stringify(path)}, 'one', 'one-1111');
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    expect(await text(child.stderr)).toBe('');
    expect(await entries()).toEqual(['one']);
    await (await acquireClaim(path, 'one', 'one-2222')).release();
  });

  it('leaves alone what is no claim', async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'something else');
    await expect(acquireClaim(path, 'one', 'one-1111')).rejects.toMatchObject({ hint: 'Remove the file.' });
  });
});
