import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../../../bin/bottle', import.meta.url));

describe('bin/bottle', () => {
  let folder = '';
  let link = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-launcher-'));
    link = join(folder, 'on-the-path', 'bottle');
    await mkdir(join(folder, 'checkout', 'bin'), { recursive: true });
    await mkdir(join(folder, 'on-the-path'));
    await cp(launcher, join(folder, 'checkout/bin/bottle'));
    await symlink('../checkout/bin/bottle', link);
    await writeNode(join(folder, 'system'), 'system');
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A program named node that says which it is and what it was given. */
  async function writeNode(bin: string, name: string): Promise<void> {
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'node'), `#!/bin/sh\nprintf '%s|' ${name} "$@"\n`);
    await chmod(join(bin, 'node'), 0o755);
  }

  async function run(): Promise<readonly string[]> {
    const path = `${join(folder, 'system')}:/usr/bin:/bin`;
    const { stdout } = await promisify(execFile)(link, ['exec', 'a b', '--', ''], { env: { PATH: path } });
    return stdout.split('|').slice(0, -1);
  }

  it("starts the system's Node where the checkout has none of its own, through a link too", async () => {
    const entry = join(folder, 'checkout/bin/run.js');
    expect(await run()).toEqual(['system', entry, 'exec', 'a b', '--', '']);
  });

  it("starts the checkout's own Node, whatever the system has", async () => {
    await writeNode(join(folder, 'checkout/.toolchain/bin'), 'own');
    expect((await run())[0]).toBe('own');
  });
});
