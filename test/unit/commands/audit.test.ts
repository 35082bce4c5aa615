import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSince } from '../../../src/commands/program/parse-since.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { type BottleHome, type CliResult, createBottleHome } from '../../support/bottle-cli.ts';
import { createOperatorHome, type OperatorHome } from '../../support/operator-home.ts';

const { signal } = new AbortController();
const hostile = 'why\u001b[2J\nnot\u202e';

let home: OperatorHome;
let cli: BottleHome;
let plan: BottlePlan;
let ids: readonly string[];
beforeAll(async () => {
  home = await createOperatorHome();
  cli = await createBottleHome({
    XDG_CONFIG_HOME: join(home.folder, 'config'),
    XDG_STATE_HOME: join(home.folder, 'state'),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  plan = await home.addBottle('dev');
  const other = await home.addBottle('other', '99999999');
  const requests = [
    await home.ask(plan, { reason: hostile }),
    await home.ask(plan),
    await home.ask(other, { proposal: { kind: 'capability', capability: hostile } }),
  ];
  ids = requests.map(({ id }) => id);
  const operator = home.operator();
  const [first, second] = requests.map(({ id }) => ({
    id,
    bottle: null,
    notes: hostile,
    seenRevision: null,
  }));
  if (first === undefined || second === undefined) throw new Error('nothing was asked');
  await operator.approve({ ...first, proposal: null, save: false }, signal);
  await operator.reject(second, signal);
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]): Promise<CliResult> => cli.run(['audit', ...args]);
const eventsOf = async (...args: readonly string[]) =>
  (await run(...args, '--json')).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).event);

describe('audit', () => {
  it('shows every line, and a guest cannot write to the terminal by it', async () => {
    const { status, stdout, stderr } = await run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^TIME +BOTTLE +EVENT +REQUEST +BY +WHAT\n/);
    expect(stdout).toMatch(
      new RegExp(`dev +policy-changed +${ids[0]} +alice +approved, revision 1: \\+ allow `),
    );
    expect(stdout).toMatch(
      new RegExp(`dev +decided +${ids[1]} +alice +rejected: why\\\\u001b\\[2J\\\\u000anot\\\\u202e\\n`),
    );
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(stdout.trimEnd().split('\n')).toHaveLength(7);
  });

  it('prints the lines as they are stored', async () => {
    const { stdout } = await run('--json');
    expect(stdout).toBe(await readFile(join(home.stateHome, 'audit.jsonl'), 'utf8'));
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  it('filters by bottle, event, request and time', async () => {
    expect(await eventsOf('other')).toEqual(['proposed']);
    expect(await eventsOf('--event', 'decided', '--event', 'policy-changed')).toEqual([
      'decided',
      'policy-changed',
      'decided',
    ]);
    expect(await eventsOf('--request', ids[1] ?? '')).toEqual(['proposed', 'decided']);
    expect(await eventsOf('dev', '--since', '1h', '--event', 'decided')).toHaveLength(2);
    expect(await eventsOf('--since', '2999-01-01')).toEqual([]);
    expect((await run('nobody')).stdout).toBe('The audit log says nothing of it.\n');
  });

  it('finds what nobody has looked at yet', async () => {
    const { id } = await home.ask(plan);
    expect(await eventsOf('--request', id)).toEqual(['proposed']);
  });

  it.each([
    ['a name that is none', ['../x'], /"\.\.\/x"/],
    ['an event that is none', ['--event', 'eaten'], /eaten/],
    ['a moment that is none', ['--since', 'yesterday'], /"yesterday" is no moment/],
    ['a filter of what is verified', ['--verify', '--event', 'decided'], /event/],
    ['a name of what is verified', ['dev', '--verify'], /takes no name/],
  ])('refuses %s', async (_name, args, says) => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/\nHint: .+\n$/);
  });

  it('verifies, and says with status 4 where the log does not follow', async () => {
    expect((await run('--verify')).stdout).toMatch(
      /^7 lines follow from each other; the last one's hash is [0-9a-f]{64}\.\n$/,
    );
    const path = join(home.stateHome, 'audit.jsonl');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"status":"rejected"', '"status":"approved"'));
    const { status, stdout, stderr } = await run('--verify');
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(
      /^Error: Line \d+ of the audit log does not follow from the line before: one of them was changed\.\nHint: /,
    );
    expect(JSON.parse((await run('--verify', '--json')).stdout).error).toMatchObject({
      code: 'audit-broken',
      exit: 4,
    });
    await writeFile(path, text);
    expect(JSON.parse((await run('--verify', '--json')).stdout)).toMatchObject({ lines: 7, note: null });
  });

  it('makes nothing where nothing ever was', async () => {
    await using bare = await createBottleHome();
    expect((await bare.run(['audit'])).stdout).toBe('The audit log says nothing of it.\n');
    expect((await bare.run(['audit', '--verify'])).stdout).toMatch(/^0 lines/);
    expect((await bare.run(['supervise', 'ls'])).stdout).toBe('No request is waiting.\n');
    await expect(stat(join(bare.folder, 'state'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('parseSince', () => {
  const now = Date.parse('2026-03-04T12:00:00Z');
  it.each([
    ['90s', now - 90_000],
    ['15m', now - 900_000],
    ['2h', now - 7_200_000],
    ['7d', now - 604_800_000],
    ['2026-01-31', Date.parse('2026-01-31T00:00:00Z')],
    ['2026-01-31T12:30:00Z', Date.parse('2026-01-31T12:30:00Z')],
    ['2026-01-31T12:30:00+02:00', Date.parse('2026-01-31T10:30:00Z')],
  ])('%s', (text, expected) => expect(parseSince(text, now)).toBe(expected));

  it.each(['', 'h', '-1h', '1.5h', '1w', '2026', '2026-13-01', '2026-01-31 12:00', 'now'])(
    'not "%s"',
    (text) => {
      expect(() => parseSince(text, now)).toThrow(/is no moment/);
    },
  );
});
