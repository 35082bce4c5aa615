import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BottleHome, createBottleHome } from '../../support/bottle-cli.ts';

/** The real command, without an engine: what goes wrong here goes wrong before one is asked. */
let home: BottleHome;
beforeAll(async () => {
  home = await createBottleHome({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  await home.writeManifest('good', { agent: 'shell', workspace: { source: home.workspace, mode: 'bind' } });
  await home.writeManifest('typo', { agnet: 'shell' });
  await writeFile(join(home.folder, 'config/bottle/bottles/broken.yaml'), 'agent: [shell\n');
  await home.writeManifest('round', { extends: 'round' });
});
afterAll(() => home[Symbol.asyncDispose]());

interface Case {
  readonly args: readonly string[];
  readonly status: number;
  readonly error: RegExp;
  readonly hint: RegExp;
}

const wrong: Readonly<Record<string, Case>> = {
  'an unknown command': { args: ['uo', 'x'], status: 2, error: /"uo" is not a command/, hint: /"bottle up"/ },
  'an unknown command of a topic': {
    args: ['image', 'biuld'],
    status: 2,
    error: /"image biuld"/,
    hint: /"bottle image build"/,
  },
  'a command by its internal name': {
    args: ['image:build', 'x'],
    status: 2,
    error: /"image:build/,
    hint: /image build/,
  },
  'an unknown flag': { args: ['ls', '--jsno'], status: 2, error: /no flag --jsno/, hint: /--json/ },
  'a missing argument': {
    args: ['up'],
    status: 2,
    error: /^Error: NAME is missing\.$/,
    hint: /"bottle up --help"/,
  },
  'a flag given twice': {
    args: ['supervise', 'reject', 'req-0a1b2c3d', '--note', 'a', '--note', 'b'],
    status: 2,
    error: /^Error: --note is given more than once\.$/,
    hint: /all but one/,
  },
  'a superfluous argument': {
    args: ['ls', 'x'],
    status: 2,
    error: /Unexpected argument: x/,
    hint: /bottle ls --help/,
  },
  'a command without --': {
    args: ['exec', 'x', 'true'],
    status: 2,
    error: /Unexpected argument: true/,
    hint: /after "--"/,
  },
  'no command': { args: ['exec', 'x'], status: 2, error: /no command/, hint: /exec x -- COMMAND/ },
  'no command after --': { args: ['up', 'good', '--'], status: 2, error: /no command/, hint: /./ },
  'a value that is none of the allowed': {
    args: ['init', 'x', '--template', 'emacs'],
    status: 2,
    error: /claude/,
    hint: /./,
  },
  'flags that exclude each other': {
    args: ['logs', 'x', '--guest', '--daemon', 'init'],
    status: 2,
    error: /--daemon/,
    hint: /./,
  },
  'a variable without a value': {
    args: ['exec', 'x', '-e', 'A', '--', 'true'],
    status: 2,
    error: /"A"/,
    hint: /NAME=VALUE/,
  },
  'a name that is none': { args: ['plan', '../x'], status: 2, error: /"\.\.\/x"/, hint: /lower-case/ },
  'no manifest': {
    args: ['up', 'nobody'],
    status: 2,
    error: /no bottle "nobody"/,
    hint: /bottle init nobody/,
  },
  'a misspelt key': { args: ['plan', 'typo'], status: 2, error: /typo\.yaml:1:1.*agnet.*agent/, hint: /./ },
  'malformed YAML': { args: ['plan', 'broken'], status: 2, error: /broken\.yaml:\d+:\d+/, hint: /./ },
  'a circle of extends': { args: ['plan', 'round'], status: 2, error: /circle: round -> round/, hint: /./ },
  'a manifest that is there': { args: ['init', 'good'], status: 2, error: /there already/, hint: /./ },
  'neither a name nor --all': { args: ['down'], status: 2, error: /name, or --all/, hint: /bottle ls/ },
  'both a name and --all': {
    args: ['down', 'x', '--all'],
    status: 2,
    error: /name, or --all/,
    hint: /bottle ls/,
  },
  'a copy between two places here': {
    args: ['cp', 'a', 'b'],
    status: 2,
    error: /in a guest/,
    hint: /NAME:\/path/,
  },
  'no engine for ls': { args: ['ls'], status: 3, error: /engine/, hint: /./ },
  'no engine for exec': { args: ['exec', 'good', '--', 'true'], status: 3, error: /engine/, hint: /./ },
  'no engine for up': { args: ['up', 'good', '--', 'true'], status: 3, error: /engine/, hint: /./ },
  'no engine for gc': { args: ['gc'], status: 3, error: /engine/, hint: /./ },
};

describe('bad input', () => {
  it.each(Object.entries(wrong))(
    '%s: two lines, a status, nothing made',
    async (_name, { args, status, error, hint }) => {
      const result = await home.run(args);
      const [first, second, ...more] = result.stderr.trimEnd().split('\n');
      expect(first).toMatch(error);
      expect(first).toMatch(/^Error: /);
      expect(second).toMatch(hint);
      expect(second).toMatch(/^Hint: /);
      expect(more).toEqual([]);
      expect(result).toMatchObject({ status, stdout: '' });
      await expect(stat(join(home.folder, 'state'))).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  it.each(Object.entries(wrong))(
    '%s: one object with --json',
    async (_name, { args, status, error, hint }) => {
      // After "--" it would be the guest's.
      const end = args.indexOf('--');
      const result = await home.run(end === -1 ? [...args, '--json'] : args.toSpliced(end, 0, '--json'));
      const { error: told } = JSON.parse(result.stdout);
      expect(told).toMatchObject({ code: expect.stringMatching(/^[a-z-]+$/), exit: status });
      expect(`Error: ${told.message}`).toMatch(error);
      expect(told.hint).toMatch(hint);
      expect(result).toMatchObject({ status, stderr: '' });
    },
  );
});

describe('a name', () => {
  it.each([['plan'], ['down'], ['cp', 'x:/a']])(
    'is never taken from what is piped into %s',
    async (...args) => {
      const result = await home.run(args, { stdin: 'good\n' });
      expect(result).toMatchObject({ status: 2, stderr: expect.stringMatching(/is missing|name, or --all/) });
    },
  );
});

describe('doctor without an engine', () => {
  it('says so, what to do, and ends with 3', async () => {
    const result = await home.run(['doctor', '--json']);
    const { ready, capabilities } = JSON.parse(result.stdout);
    expect(ready).toBe(false);
    expect(capabilities).toContainEqual(
      expect.objectContaining({
        subject: 'docker',
        name: 'engine',
        status: 'missing',
        remedy: expect.stringMatching(/./),
      }),
    );
    expect(capabilities).toContainEqual(
      expect.objectContaining({ subject: 'host', name: 'Node', status: 'present' }),
    );
    expect(result.status).toBe(3);
  });
});

describe('init', () => {
  it('writes a manifest for its owner alone, that loads as it is, and replaces it only with --force', async () => {
    const { status, stdout } = await home.run(['init', 'fresh', '--template', 'shell']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('bottle up fresh') });
    const path = join(home.folder, 'config/bottle/bottles/fresh.yaml');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path, 'utf8');
    expect((await home.run(['init', 'fresh', '--template', 'claude'])).status).toBe(2);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect((await home.run(['init', 'fresh', '--template', 'claude', '--force'])).status).toBe(0);
    expect(await readFile(path, 'utf8')).not.toBe(before);
    // Loads: what is missing is the engine.
    expect((await home.run(['plan', 'fresh'])).status).toBe(3);
  });

  it('makes the folders it needs for their owner alone', async () => {
    const folder = join(home.folder, 'elsewhere');
    await mkdir(folder);
    await using other = await createBottleHome({ XDG_CONFIG_HOME: join(folder, 'config') });
    await other.run(['init', 'first']);
    expect((await stat(join(folder, 'config/bottle/bottles'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'config/bottle/bottles'))).toEqual(['first.yaml']);
  });
});

describe('help and completion', () => {
  it.each([[['--help']], [['help']], [[]], [['-h']]])('%j lists the commands', async (args) => {
    const { status, stdout } = await home.run(args);
    expect(status).toBe(0);
    for (const command of [
      'init',
      'plan',
      'up',
      'exec',
      'attach',
      'ls',
      'logs',
      'cp',
      'down',
      'gc',
      'doctor',
      'image',
      'autocomplete',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it.each([
    'init',
    'plan',
    'up',
    'exec',
    'attach',
    'ls',
    'logs',
    'cp',
    'down',
    'gc',
    'doctor',
    'image build',
    'pause',
    'unpause',
  ])('%s --help shows examples', async (command) => {
    const { status, stdout } = await home.run([...command.split(' '), '--help']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining(`EXAMPLES\n  $ bottle ${command}`),
    });
  });

  it('leaves --help after "--" to the guest', async () => {
    expect((await home.run(['exec', 'good', '--', 'ls', '--help'])).status).toBe(3);
  });

  it.each(['bash', 'zsh'])('completes in %s', async (shell) => {
    const { status } = await home.run(['autocomplete', shell, '--refresh-cache']);
    expect(status).toBe(0);
    const script = (await home.run(['autocomplete', 'script', shell])).stdout;
    const path = /="?([^"\s]+)/.exec(script)?.[1] ?? '';
    await expect(stat(path)).resolves.toBeDefined();
    const functions = await readdir(join(home.folder, 'cache/bottle/autocomplete/functions', shell));
    const texts = functions.map((name) =>
      readFile(join(home.folder, 'cache/bottle/autocomplete/functions', shell, name), 'utf8'),
    );
    expect((await Promise.all(texts)).join('')).toContain('doctor');
  });
});
