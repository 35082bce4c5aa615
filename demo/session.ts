import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Narration } from './narration.ts';

/** How a command of the demo ended, and all it printed. */
export interface Shown {
  readonly status: number | null;
  readonly output: string;
}

/** A reader's terminal: runs the real `bottle`, prints the command and what it says. */
export interface Session {
  /** Runs a command before the reader's eyes. */
  show(...args: readonly string[]): Promise<Shown>;
  /** Runs a command the demo needs for a check; `stdin` is its whole input. */
  run(args: readonly string[], stdin?: string): Promise<Shown>;
}

const entry = fileURLToPath(new URL('../bin/run.js', import.meta.url));

/** `signal` interrupts the command that runs and refuses further ones. */
export function createSession(
  narration: Narration,
  env: Readonly<Record<string, string>>,
  cwd: string,
  signal: AbortSignal,
): Session {
  const run = async (args: readonly string[], stdin = ''): Promise<Shown> => {
    signal.throwIfAborted();
    // In a process group of its own: a terminal's Ctrl-C reaches the demo, and through it the command, once.
    const child = spawn(process.execPath, [entry, ...args], { env, cwd, stdio: 'pipe', detached: true });
    // The command takes down what it made; the demo waits for that, then takes down its own.
    const interrupt = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', interrupt, { once: true });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.removeEventListener('abort', interrupt);
    signal.throwIfAborted();
    return { status, output: Buffer.concat(chunks).toString('utf8') };
  };
  return {
    run,
    async show(...args) {
      narration.command(`bottle ${args.map(toShellWord).join(' ')}`);
      const shown = await run(args);
      narration.quote(shown.output);
      return shown;
    },
  };
}

function toShellWord(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
