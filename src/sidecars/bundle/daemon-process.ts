import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { DaemonName, DaemonPlan } from '../../plans/bundle-plan.ts';
import { createLineSplitter } from '../daemon/line-splitter.ts';
import type { DaemonReadyEvent } from '../protocol.ts';
import type { BundleOutput } from './bundle-output.ts';
import { toOutputLine, toWrappedLine } from './output-line.ts';
import type { RefusalRelay } from './refusal-relay.ts';

/** Far above any log line of a daemon; a longer one is cut. */
const maxLineBytes = 64 * 1024;

/** A daemon sees no environment but this: where node is, and how little free memory the C library may keep to itself. */
const daemonEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '262144',
};

/** How a daemon ended. */
export interface DaemonEnd {
  readonly daemon: DaemonProcess;
  /** Its exit status; 128 and the signal's number where a signal ended it; 127 where it could not be started. */
  readonly status: number;
  /** In words: `ended with status 1`, `was ended by SIGSEGV`. */
  readonly reason: string;
}

/** One running daemon. */
export interface DaemonProcess {
  readonly name: DaemonName;
  /** Resolves with its first readiness line; never rejects. */
  readonly ready: Promise<DaemonReadyEvent>;
  /** Resolves when the process is over; never rejects. */
  readonly ended: Promise<DaemonEnd>;
  /** Resolves when the process is over and all it printed is passed on. */
  readonly closed: Promise<void>;
  /** Signals it; nothing happens when it is over. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Has it read its files again; waits for its readiness first, for before it a hang-up would end it. */
  hangUp(): void;
}

/**
 * Starts a daemon under its own ids, without supplementary groups (spawn drops them where it changes
 * ids), and writes `secretsLine` to its standard input, which stays open only for one that hears refusals. The buffer is
 * overwritten afterwards.
 */
export function startDaemon(
  plan: DaemonPlan,
  secretsLine: Buffer,
  output: BundleOutput,
  refusals: RefusalRelay,
): DaemonProcess {
  const [command = '', ...args] = plan.argv;
  const child = spawn(command, args, {
    cwd: '/',
    env: daemonEnvironment,
    uid: plan.uid,
    gid: plan.gid,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A daemon that dies before it reads its line is reported by its end, not by the broken pipe.
  child.stdin.on('error', () => {});
  child.stdin.write(secretsLine, () => secretsLine.fill(0));
  if (plan.hearsRefusals) refusals.addListener(plan.name, child.stdin);
  else child.stdin.end();

  const isReady = Promise.withResolvers<DaemonReadyEvent>();
  let ready = false;
  const lines = createLineSplitter(maxLineBytes, (line, cut) => {
    const read = toOutputLine(plan.name, line, cut);
    if (read.kind === 'log') {
      if (read.refusal !== null) refusals.pass(read.refusal);
      return output.print(read.text);
    }
    if (ready)
      return output.print(toWrappedLine(plan.name, 'warn', 'said a second time that it is ready', false));
    ready = true;
    isReady.resolve(read.event);
  });
  const errorLines = createLineSplitter(maxLineBytes, (line, cut) => {
    output.print(toWrappedLine(plan.name, 'error', line.toString('utf8'), cut));
  });
  output.read(child.stdout, lines.push);
  output.read(child.stderr, errorLines.push);
  child.stdout.on('end', lines.end);
  child.stderr.on('end', errorLines.end);

  const daemon: DaemonProcess = {
    name: plan.name,
    ready: isReady.promise,
    ended: watchEnd(child, () => daemon),
    closed: new Promise((resolve) => child.once('close', () => resolve())),
    kill: (signal) => child.kill(signal),
    hangUp: () => void isReady.promise.then(() => child.kill('SIGHUP')),
  };
  return daemon;
}

function watchEnd(child: ChildProcess, daemon: () => DaemonProcess): Promise<DaemonEnd> {
  return new Promise((resolve) => {
    child.once('exit', (status, signal) => {
      if (signal === null) {
        resolve({ daemon: daemon(), status: status ?? 1, reason: `ended with status ${status}` });
      } else {
        resolve({
          daemon: daemon(),
          status: 128 + constants.signals[signal],
          reason: `was ended by ${signal}`,
        });
      }
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({
        daemon: daemon(),
        status: 127,
        reason: `could not be started (${error.code ?? error.message})`,
      });
    });
  });
}
