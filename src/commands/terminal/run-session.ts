import { PassThrough, type Transform, type Writable } from 'node:stream';
import type { GuestSession, SessionEnd, SessionStreams } from '../../backends/backend.ts';
import { createDetachKeys } from './detach-keys.ts';
import { enterRawMode } from './raw-mode.ts';

export interface SessionOptions {
  /** Whether the process in the guest has a terminal, which then is the operator's. */
  readonly tty: boolean;
  /** Whether the process gets this process's standard input. */
  readonly stdin: boolean;
  /** Whether Ctrl-P Ctrl-Q leaves the process running; only with a terminal. */
  readonly detachable: boolean;
  /** Where the process's standard output goes: ours, or our standard error, where ours is for JSON. */
  readonly stdout: 'stdout' | 'stderr';
  /** Signals to this process that are the guest's process's to answer. */
  readonly forwardedSignals: readonly NodeJS.Signals[];
  /** Ends the session with its reason. */
  readonly signal: AbortSignal;
  /** Makes a full-screen program draw itself again. */
  readonly redraw: boolean;
}

/**
 * Joins the operator's terminal, or the three standard streams, with a process in the guest until it has ended.
 * @param connect connects the streams
 * @param begin starts the process where `connect` has not
 */
export async function runSession(
  options: SessionOptions,
  connect: (streams: SessionStreams) => Promise<GuestSession>,
  begin: () => Promise<void> = async () => undefined,
): Promise<SessionEnd> {
  using stack = new DisposableStack();
  let session: GuestSession | null = null;
  const stdin = options.stdin ? openInput(options, () => session?.detach()) : null;
  stack.defer(() => stdin?.destroy());
  const stdout = options.stdout === 'stdout' ? process.stdout : process.stderr;
  session = await connect({ stdin, stdout, stderr: process.stderr });
  if (options.tty) stack.use(enterRawMode());
  forwardSignals(session, options.forwardedSignals, stack);
  await begin();
  // Not before: a Ctrl-C that reached the terminal of a process in the making would end it half made.
  if (stdin !== null) pipeInput(stdin, stack);
  if (options.tty) await followSize(session, options.redraw, stack);
  return await Promise.race([session.exit, rejectOnAbort(options.signal, stack)]);
}

function openInput(options: SessionOptions, onDetach: () => void): Transform {
  return options.tty && options.detachable ? createDetachKeys(onDetach) : new PassThrough();
}

function pipeInput(input: Writable, stack: DisposableStack): void {
  process.stdin.pipe(input);
  stack.defer(() => {
    process.stdin.unpipe(input);
    // A source that still flows would keep this process alive.
    process.stdin.pause();
  });
}

function forwardSignals(
  session: GuestSession,
  signals: readonly NodeJS.Signals[],
  stack: DisposableStack,
): void {
  for (const name of signals) {
    // A process that has just ended cannot be told; its end is what the session waits for.
    const listener = () => void session.signal(name.slice('SIG'.length)).catch(() => undefined);
    process.on(name, listener);
    stack.defer(() => process.removeListener(name, listener));
  }
}

async function followSize(session: GuestSession, redraw: boolean, stack: DisposableStack): Promise<void> {
  const resize = async (rowsLess: number) => {
    const { columns, rows } = process.stdout;
    // A process that has just ended has no size any more.
    if (rows > 0)
      await session.resize({ columns, rows: Math.max(1, rows - rowsLess) }).catch(() => undefined);
  };
  const listener = () => void resize(0);
  process.stdout.on('resize', listener);
  stack.defer(() => process.stdout.removeListener('resize', listener));
  // Programs draw themselves again only when the size has changed.
  if (redraw) await resize(1);
  await resize(0);
}

function rejectOnAbort(signal: AbortSignal, stack: DisposableStack): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const listener = () => reject(signal.reason);
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener);
  stack.defer(() => signal.removeEventListener('abort', listener));
  // The race that this is for has not begun while the process is being started.
  promise.catch(() => undefined);
  return promise;
}
