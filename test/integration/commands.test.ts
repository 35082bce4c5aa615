import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BottleHome, createBottleHome } from '../support/bottle-cli.ts';

const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** What carries a bottle's label in the engine, of any kind. */
async function countLabelled(name: string): Promise<number> {
  const engine = new Docker();
  const filters = { label: [`dev.bottle.name=${name}`] };
  const [containers, networks, volumes] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters }),
  ]);
  return containers.length + networks.length + (volumes.Volumes ?? []).length;
}

/** Starts the real command and signals it once its output shows that it has come so far. */
async function signalAt(home: BottleHome, args: readonly string[], signal: NodeJS.Signals, sign: string) {
  const child = spawn(process.execPath, [entry, ...args], { env: home.env, cwd: home.workspace });
  let output = '';
  let signalled = false;
  const look = (chunk: Buffer) => {
    output += chunk.toString();
    if (signalled || !output.includes(sign)) return;
    signalled = true;
    child.kill(signal);
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  const [status] = await once(child, 'close');
  return { status, output };
}

let home: BottleHome;
beforeAll(async () => {
  home = await createBottleHome();
  for (const name of ['commands', 'commands-once']) {
    await home.writeManifest(name, { agent: 'shell', workspace: { source: home.workspace, mode: 'bind' } });
  }
});
afterAll(async () => {
  await home.run(['down', 'commands']);
  await home.run(['down', 'commands-once']);
  await home[Symbol.asyncDispose]();
});

describe('up with a command', () => {
  it('passes input, output and status through byte by byte, and leaves nothing', async () => {
    const input = 'line\r\n\u0000\u001b[31m no end of line';
    const result = await home.run(['up', 'commands-once', '--', 'sh', '-c', 'cat; echo told >&2; exit 7'], {
      stdin: input,
    });
    expect(result).toMatchObject({ status: 7, stdout: input, stderr: expect.stringContaining('told') });
    expect(await countLabelled('commands-once')).toBe(0);
  });

  it('says with --json whose status it is, and keeps standard output for that', async () => {
    const result = await home.run(['up', 'commands-once', '--json', '--', 'sh', '-c', 'echo out; exit 3']);
    expect(JSON.parse(result.stdout)).toMatchObject({ name: 'commands-once', endedBy: 'guest', status: 3 });
    expect(result).toMatchObject({ status: 3, stderr: expect.stringContaining('out') });
  });

  it.each<[NodeJS.Signals, number, string]>([
    ['SIGINT', 130, 'Preparing'],
    ['SIGTERM', 143, 'Making networks'],
    ['SIGHUP', 129, 'Starting the bundle'],
    ['SIGINT', 130, 'Provisioning the guest'],
    ['SIGTERM', 143, 'the agent works'],
  ])('ends with %s as %d at "%s", and leaves nothing', async (signal, status, sign) => {
    const command = ['sh', '-c', 'echo the agent works; sleep 60'];
    const result = await signalAt(home, ['up', 'commands-once', '--', ...command], signal, sign);
    expect(result).toMatchObject({ status, output: expect.stringContaining('Error: ') });
    expect(await countLabelled('commands-once')).toBe(0);
    expect(await readdir(join(home.folder, 'state/bottle/instances'))).toEqual([]);
    expect(await readdir(join(home.folder, 'state/bottle/claims'))).toEqual([]);
  });
});

describe('a bottle that is up', () => {
  beforeAll(async () => {
    const up = await home.run(['up', 'commands', '--detach', '--json']);
    expect(JSON.parse(up.stdout)).toMatchObject({ name: 'commands', state: 'running' });
  });

  it('is listed', async () => {
    expect(JSON.parse((await home.run(['ls', '--json'])).stdout)).toContainEqual(
      expect.objectContaining({ name: 'commands', state: 'running', backend: 'docker', detached: true }),
    );
    expect((await home.run(['ls'])).stdout).toMatch(/^commands +running +commands-[0-9a-f]{4} /m);
  });

  it('is not brought up twice', async () => {
    const again = await home.run(['up', 'commands', '--detach']);
    expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining('bottle attach commands') });
  });

  it.each<[string, readonly string[], string, object]>([
    ['its status', ['--', 'sh', '-c', 'exit 42'], '', { status: 42 }],
    ['its input and output', ['--', 'cat'], 'a\u0000b', { status: 0, stdout: 'a\u0000b' }],
    ['no input', ['-n', '--', 'cat'], 'unread', { status: 0, stdout: '' }],
    [
      'variables and a folder',
      ['-e', 'A=x y', '-w', '/etc', '--', 'sh', '-c', 'echo "$A" "$PWD"'],
      '',
      { stdout: 'x y /etc\n' },
    ],
    ['root', ['--root', '--', 'id', '-u'], '', { stdout: '0\n' }],
    ['its own user', ['--', 'id', '-u'], '', { stdout: '1000\n' }],
  ])('runs a command with %s', async (_name, args, stdin, expected) => {
    expect(await home.run(['exec', 'commands', ...args], { stdin })).toMatchObject(expected);
  });

  it('passes a signal on to the command, whose answer decides', async () => {
    const script = 'trap "echo caught; exit 9" TERM; echo waiting; sleep 60 & wait';
    const result = await signalAt(home, ['exec', 'commands', '--', 'sh', '-c', script], 'SIGTERM', 'waiting');
    expect(result).toEqual({ status: 9, output: 'waiting\ncaught\n' });
  });

  it('gives files and takes them, with their modes and without what points out', async () => {
    const source = join(home.folder, 'source');
    await mkdir(join(source, 'sub'), { recursive: true });
    await writeFile(join(source, 'sub/run'), 'run');
    await chmod(join(source, 'sub/run'), 0o755);
    expect((await home.run(['cp', source, 'commands:/home/agent/copied'])).status).toBe(0);
    const plant =
      'cd /home/agent/copied && ln -s /etc/passwd out && ln -s sub/run in && mkfifo pipe && stat -c %u sub/run';
    expect((await home.run(['exec', 'commands', '--', 'sh', '-c', plant])).stdout).toBe('1000\n');
    const target = join(home.folder, 'target');
    const copied = await home.run(['cp', 'commands:/home/agent/copied', target]);
    expect(copied).toMatchObject({ status: 0, stdout: expect.stringContaining('1 file, 3 B') });
    expect(copied.stderr).toMatch(/^Left out target\/out: .*\/etc\/passwd/m);
    expect((await readdir(target)).sort()).toEqual(['in', 'sub']);
    expect(await readFile(join(target, 'in'), 'utf8')).toBe('run');
    expect((await stat(join(target, 'sub/run'))).mode & 0o777).toBe(0o755);
  });

  it('shows its log for people and for programs', async () => {
    expect((await home.run(['logs', 'commands'])).stdout).toMatch(
      /^\d\d:\d\d:\d\d\S* info +init +every daemon is ready/m,
    );
    const lines = (await home.run(['logs', 'commands', '--daemon', 'pipelock', '--json'])).stdout
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).daemon)).toEqual(lines.map(() => 'pipelock'));
  });

  it('pauses, says so, and goes on', async () => {
    expect((await home.run(['pause', 'commands'])).status).toBe(0);
    expect(await home.run(['exec', 'commands', '--', 'true'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('unpause'),
    });
    expect((await home.run(['unpause', 'commands'])).status).toBe(0);
    expect((await home.run(['exec', 'commands', '--', 'true'])).status).toBe(0);
  });

  it('goes down, once', async () => {
    expect(await home.run(['down', 'commands'])).toMatchObject({ status: 0, stdout: 'commands is down.\n' });
    expect(await home.run(['down', 'commands'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not up'),
    });
    expect(await countLabelled('commands')).toBe(0);
  });
});

describe('a bottle whose launcher was killed outright', () => {
  it('is found and removed by gc', async () => {
    const result = await signalAt(
      home,
      ['up', 'commands-once', '--', 'sh', '-c', 'echo up; sleep 60'],
      'SIGKILL',
      'up\n',
    );
    expect(result.status).toBeNull();
    const found = JSON.parse((await home.run(['gc', '--dry-run', '--json'])).stdout).found;
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'container', slug: expect.stringMatching(/^commands-once-/) }),
    );
    expect(await countLabelled('commands-once')).toBeGreaterThan(0);
    const asked = await home.run(['gc']);
    expect(asked.stdout).toContain('no terminal');
    expect((await home.run(['gc', '--yes'])).status).toBe(0);
    expect(await countLabelled('commands-once')).toBe(0);
  });
});
