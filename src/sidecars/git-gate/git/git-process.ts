import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** From SIGTERM, at which git removes its temporary files, to SIGKILL. */
const graceMs = 2_000;
const maxErrorBytes = 64 * 1024;

/**
 * Ends a process that was started with `detached`, and all it started.
 * SECURITY: the whole group, or ssh would go on talking to upstream after its git is gone.
 */
export function endProcessGroup(child: ChildProcess): void {
  if (child.pid === undefined || hasEnded(child)) return;
  signalGroup(child.pid, 'SIGTERM');
  const { pid } = child;
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  child.once('exit', () => {
    clearTimeout(timer);
    // Its children got the first signal too; what is left of them has no one to tell.
    signalGroup(pid, 'SIGKILL');
  });
}

/** How a git process ended. */
export interface GitEnd {
  /** Null when a signal ended it or it could not be started. */
  readonly status: number | null;
  readonly stdout: string;
  /** Its last words, at most 64 KiB. */
  readonly stderr: string;
}

export interface GitRun {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Aborted: the process is ended. */
  readonly signal: AbortSignal;
  /** Of standard output; more ends the process. */
  readonly maxOutputBytes: number;
}

/**
 * Runs git to its end and gives what it said. Standard input is empty.
 * @throws Error when it could not be started, said too much or was aborted; a status that is not 0 is no error
 */
export async function runGit({ argv, cwd, env, signal, maxOutputBytes }: GitRun): Promise<GitEnd> {
  signal.throwIfAborted();
  const [command, ...args] = argv;
  const child = spawn(command, args, {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = (): void => endProcessGroup(child);
  signal.addEventListener('abort', end, { once: true });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxOutputBytes) end();
    else chunks.push(chunk);
  });
  const stderr = collectErrors(child.stderr);
  try {
    const [status] = await once(child, 'close');
    signal.throwIfAborted();
    if (size > maxOutputBytes) throw new Error('git said more than was to be expected');
    return { status, stdout: Buffer.concat(chunks).toString('utf8'), stderr: stderr() };
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Reads a stream of last words; the function gives what is kept of it. */
export function collectErrors(stream: Readable): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > maxErrorBytes) kept = kept.subarray(kept.length - maxErrorBytes);
  });
  return () => kept.toString('utf8');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
