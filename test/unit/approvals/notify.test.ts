import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNotifier, type Notifier } from '../../../src/approvals/notify.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { createOperatorHome, type OperatorHome, toManifests } from '../../support/operator-home.ts';

const script = fileURLToPath(new URL('../../support/notify-process.ts', import.meta.url));

let home: OperatorHome;
let plan: BottlePlan;
let log: string;
let failures: string[];
beforeEach(async () => {
  home = await createOperatorHome();
  plan = await home.addBottle('dev');
  log = join(home.folder, 'notified');
  failures = [];
});
afterEach(() => home[Symbol.asyncDispose]());

/** Writes into the log what a notification's program sees: its arguments, variables and standard input, a line each. */
const recorder = `
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const { BOTTLE_NAME, BOTTLE_REQUEST_ID, BOTTLE_REQUEST_KIND, SECRET } = process.env;
  const seen = { argv: process.argv.slice(1), BOTTLE_NAME, BOTTLE_REQUEST_ID, BOTTLE_REQUEST_KIND, SECRET, input };
  (await import('node:fs')).appendFileSync(LOG, JSON.stringify(seen) + '\\n');`;

async function setNotify(argv: readonly string[] | null): Promise<void> {
  const supervise = argv === null ? 'true' : JSON.stringify({ notify: argv });
  const text = `agent: shell\nworkspace: { source: ., mode: bind }\nsupervise: ${supervise}\n`;
  await writeFile(join(home.folder, 'config/bottle/bottles/dev.yaml'), text);
}

const recording = () => [
  process.execPath,
  '--input-type=module',
  '-e',
  recorder.replace('LOG', JSON.stringify(log)),
  'word',
];

function openNotifier(): Notifier {
  return createNotifier({
    env: { PATH: process.env.PATH, SECRET: 'of the operator' },
    manifests: toManifests(home.folder),
    onFailure: (message) => failures.push(message),
  });
}

async function readLog(): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function look(notifier: Notifier): Promise<void> {
  await notifier.notify((await home.operator().snapshot()).entries);
}

describe('a notification', () => {
  it('gets ids as variables, the request as JSON on standard input, and no word of the guest elsewhere', async () => {
    await setNotify(recording());
    const reason = '"; rm -rf / #\u001b[2J\u202e';
    const request = await home.ask(plan, { reason });
    await using notifier = openNotifier();
    await look(notifier);
    await vi.waitFor(async () => expect(await readLog()).toHaveLength(1), { timeout: 10_000 });
    const [seen] = await readLog();
    expect(seen).toMatchObject({
      argv: ['word'],
      BOTTLE_NAME: 'dev',
      BOTTLE_REQUEST_ID: request.id,
      BOTTLE_REQUEST_KIND: 'route',
      SECRET: 'of the operator',
    });
    expect(JSON.parse(String(seen?.input))).toEqual(request);
    expect(seen?.input).toMatch(/^[\u0020-\u007e]*\n$/);
    expect(failures).toEqual([]);
  });

  it('comes once, however often and from however many one looks, and only of what waits', async () => {
    await setNotify(recording());
    await home.ask(plan);
    await home.ask(plan);
    await home.ask(plan, { lapsedAt: new Date().toISOString() });
    for (let round = 0; round < 3; round++) {
      await using first = openNotifier();
      await using second = openNotifier();
      await Promise.all([look(first), look(second), look(first)]);
      await vi.waitFor(async () => expect(await readLog()).toHaveLength(2), { timeout: 10_000 });
    }
    expect(new Set((await readLog()).map((seen) => seen.BOTTLE_REQUEST_ID)).size).toBe(2);
  });

  it('comes once from several processes', { timeout: 60_000 }, async () => {
    await setNotify(recording());
    for (let index = 0; index < 5; index++) await home.ask(plan);
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [script, home.folder], { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const codes = await Promise.all(
      children.map((child) => new Promise((resolve) => child.once('close', resolve))),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(new Set((await readLog()).map((seen) => seen.BOTTLE_REQUEST_ID)).size).toBe(5);
    expect(await readLog()).toHaveLength(5);
  });

  it('does not come where the manifest names no program, and comes once it does', async () => {
    await setNotify(null);
    await home.ask(plan);
    await using notifier = openNotifier();
    await look(notifier);
    await setNotify(recording());
    await look(notifier);
    await vi.waitFor(async () => expect(await readLog()).toHaveLength(1), { timeout: 10_000 });
    expect(failures).toEqual([]);
  });

  it.each([
    ['is not there', ['/nonexistent/program'], /cannot be run \(ENOENT\)/],
    ['fails', [process.execPath, '-e', 'process.exit(3)'], /ended with status 3/],
    ['prints without end', ['/bin/sh', '-c', 'yes'], /printed more than/],
  ])('whose program %s is said, and ends nothing', async (_name, argv, says) => {
    await setNotify(argv);
    await home.ask(plan);
    await using notifier = openNotifier();
    await look(notifier);
    await vi.waitFor(() => expect(failures).toEqual([expect.stringMatching(says)]), { timeout: 10_000 });
    await setNotify(recording());
    await home.ask(plan);
    await look(notifier);
    await vi.waitFor(async () => expect(await readLog()).toHaveLength(1), { timeout: 10_000 });
  });

  it('of a bottle whose manifest is broken is said once', async () => {
    await writeFile(join(home.folder, 'config/bottle/bottles/dev.yaml'), 'agent: [shell\n');
    await home.ask(plan);
    await using notifier = openNotifier();
    await look(notifier);
    await look(notifier);
    expect(failures).toEqual([expect.stringMatching(/^Nobody was notified of req-.*dev\.yaml/)]);
  });

  it('that hangs is ended with the notifier', async () => {
    await setNotify([process.execPath, '-e', 'setInterval(() => undefined, 1000)']);
    await home.ask(plan);
    {
      await using notifier = openNotifier();
      await look(notifier);
    }
    expect(failures).toEqual([expect.stringMatching(/was killed/)]);
  });

  it('does not flood the operator, however many files a fallen daemon makes', async () => {
    await setNotify(['/bin/true']);
    for (let index = 0; index < 40; index++) await home.ask(plan);
    const other = await home.addBottle('other', '99999999');
    await home.ask(other);
    const claimed = async (of: BottlePlan) =>
      (await (await import('node:fs/promises')).readdir(join(of.stateDirectory, 'notified')).catch(() => []))
        .length;
    await using notifier = openNotifier();
    await look(notifier);
    await look(notifier);
    expect(await claimed(plan)).toBe(20);
  });
});
