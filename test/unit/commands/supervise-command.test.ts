import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createBottleHome } from '../../support/bottle-cli.ts';

const entry = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

describe('bottle supervise', () => {
  it('needs a terminal, and says what does not', async () => {
    await using home = await createBottleHome();
    expect(await home.run(['supervise'])).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^Error: The live list needs a terminal\.\nHint: .*"bottle supervise ls".*"bottle supervise watch"/,
      ),
    });
  });

  it.each([
    ['a port without a page', ['--port', '8017']],
    ['a port that is none', ['--web', '--port', '99999']],
    ['a port of the system', ['--web', '--port', '80']],
    ['a word that is no command', ['answer']],
    ['an unknown flag', ['--wbe']],
  ])('refuses %s', async (_name, args) => {
    await using home = await createBottleHome();
    const { status, stderr } = await home.run(['supervise', ...args]);
    expect(stderr).toMatch(/^Error: .+\nHint: /);
    expect(status).toBe(2);
  });

  it.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('serves the page until %s, and prints its address alone', async (signal, status) => {
    await using home = await createBottleHome();
    const command = spawn(process.execPath, [entry, 'supervise', '--web'], { env: home.env, stdio: 'pipe' });
    const ended = once(command, 'exit');
    const [line]: Buffer[] = await once(command.stdout, 'data');
    const url = /^(http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43})\n$/.exec(String(line))?.[1] ?? '';
    const opened = await fetch(url);
    expect(opened.status).toBe(200);
    expect(await opened.text()).toContain('<title>bottle supervise</title>');
    expect((await fetch(url)).status).toBe(403);
    command.kill(signal);
    expect(await ended).toEqual([status, null]);
  });
});
