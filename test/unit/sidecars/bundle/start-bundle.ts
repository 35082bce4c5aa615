import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DaemonName } from '../../../../src/plans/bundle-plan.ts';

const main = fileURLToPath(new URL('../../../../src/sidecars/bundle/main.ts', import.meta.url));
const fixture = fileURLToPath(new URL('./fixture-daemon.mjs', import.meta.url));

const ids: Readonly<Record<DaemonName, number>> = {
  egress: 2001,
  pipelock: 2002,
  'git-gate': 2003,
  supervise: 2004,
};

/** Why tests with several users cannot run here, or null. */
export const notRoot =
  process.getuid?.() === 0 ? null : 'needs root: init gives each daemon a user of its own';

export interface TestDaemon {
  readonly name: DaemonName;
  readonly behaviours: readonly string[];
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export interface TestBundle extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly runDirectory: string;
  /** Resolves with the first line of output that has all these fields. */
  event(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  /** Resolves once what was printed meets a condition. */
  until(isMet: () => boolean): Promise<void>;
  /** Resolves once init has a handler for SIGHUP. */
  catchesHangUps(): Promise<void>;
  /** Everything printed so far, parsed. */
  readonly events: readonly Record<string, unknown>[];
  /** Everything printed so far, as text. */
  readonly text: () => string;
  /** Resolves with the exit status (or the signal's name). */
  readonly exit: Promise<number | string>;
}

/** Starts init as a real process with fixture daemons. */
export function startBundle(
  daemons: readonly TestDaemon[],
  options: {
    readonly secretsLine?: string | null;
    readonly overrides?: Readonly<Record<string, unknown>>;
  } = {},
): TestBundle {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-bundle-'));
  const runDirectory = join(folder, 'run');
  chmodSync(folder, 0o755);
  mkdirSync(runDirectory);
  const configuration = {
    version: 1,
    image: 'bottle-bundle:test',
    daemons: daemons.map(({ name, behaviours, overrides }) => ({
      name,
      uid: ids[name],
      gid: ids[name],
      argv: [process.execPath, fixture, ...behaviours.map((entry) => entry.replace('RUN', runDirectory))],
      secrets: {
        values: name === 'egress' ? ['secret-0'] : [],
        fingerprints: name === 'pipelock' ? ['secret-0'] : [],
      },
      hearsRefusals: name === 'supervise',
      ...overrides,
    })),
    secretLabels: { 'secret-0': 'API_KEY' },
    graceMs: 300,
    readyTimeoutMs: 10_000,
    configDirectory: '/etc/bottle',
    ...options.overrides,
  };
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(configuration));
  const child = spawn(process.execPath, [main, folder, runDirectory], { stdio: 'pipe' });
  child.stdin.on('error', () => {});
  const { secretsLine = '{"secrets":{"secret-0":"the-planted-secret"}}\n' } = options;
  if (secretsLine !== null) child.stdin.write(secretsLine);

  let text = '';
  let parsedTo = 0;
  const events: Record<string, unknown>[] = [];
  const changed = new EventTarget();
  const collect = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    for (let end = text.indexOf('\n', parsedTo); end !== -1; end = text.indexOf('\n', parsedTo)) {
      events.push(JSON.parse(text.slice(parsedTo, end)));
      parsedTo = end + 1;
    }
    changed.dispatchEvent(new Event('change'));
  };
  child.stdout.on('data', collect);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const exit = once(child, 'close').then(([status, signal]) => {
    changed.dispatchEvent(new Event('change'));
    return status ?? signal;
  });

  return {
    child,
    runDirectory,
    events,
    text: () => text + errors,
    exit,
    async until(isMet) {
      while (!isMet()) await once(changed, 'change');
    },
    async catchesHangUps() {
      const hasHandler = (): boolean => {
        const [, caught = '0'] =
          /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
        return (BigInt(`0x${caught}`) & 1n) === 1n;
      };
      while (!hasHandler()) await setImmediate();
    },
    async event(fields) {
      for (;;) {
        const found = events.find((entry) =>
          Object.entries(fields).every(([key, value]) => entry[key] === value),
        );
        if (found) return found;
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`init ended without ${JSON.stringify(fields)}: ${text}${errors}`);
        }
        await once(changed, 'change');
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
