import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A terminal with a screen, which `tmux` keeps, and a program in it. */
export interface Terminal extends AsyncDisposable {
  /** The screen's lines; with `escapes`, colours and styles as the escape sequences that make them. */
  screen(options?: { readonly escapes: boolean }): Promise<readonly string[]>;
  /** Waits until the screen matches; an error after a while, with what the screen shows. */
  until(expected: RegExp): Promise<string>;
  /** Presses keys, by tmux's names: `a`, `Enter`, `C-c`. */
  press(...keys: readonly string[]): Promise<void>;
  /** Sends text as one piece, as a terminal that says what is pasted. */
  paste(text: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** The process that the terminal's own shell runs. */
  pid(): Promise<number>;
}

const waitMs = 20_000;

/** Why there is no terminal for a test, or null. */
export async function whyNoTerminal(): Promise<string | null> {
  return await run('tmux', ['-V']).then(
    () => null,
    () => 'tmux is not installed',
  );
}

/**
 * Starts a program in a terminal.
 * @param argv the program; when it has ended, the screen shows `ended with` and its status, what `stty` says of the terminal, and `over`
 */
export async function openTerminal(
  argv: readonly string[],
  options: {
    readonly columns: number;
    readonly rows: number;
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<Terminal> {
  const socket = `bottle-test-${randomBytes(4).toString('hex')}`;
  // The terminal of a person, whatever runs the test: where CI is said to be at work, programs show no colours.
  const person = { PATH: process.env.PATH ?? '/usr/bin:/bin', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
  const tmux = (...args: readonly string[]) =>
    run('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env: person });
  const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  const shell =
    '"$@"; echo "ended with $?"; stty -a | grep -o "[-]*\\(echo\\|icanon\\) "; echo over; exec sleep 600';
  await tmux(
    ...['new-session', '-d', '-s', 'test', '-x', String(options.columns), '-y', String(options.rows)],
    ...['env', ...env, 'bash', '-c', shell, 'bash', ...argv],
  );
  const screen = async (shown: { readonly escapes: boolean } = { escapes: false }) => {
    const { stdout } = await tmux('capture-pane', '-p', '-t', 'test', ...(shown.escapes ? ['-e'] : []));
    return stdout.replace(/\n+$/, '').split('\n');
  };
  return {
    screen,
    async until(expected) {
      const deadline = performance.now() + waitMs;
      for (;;) {
        const text = (await screen()).join('\n');
        if (expected.test(text)) return text;
        if (performance.now() > deadline) throw new Error(`The screen never showed ${expected}:\n${text}`);
        await pause(30);
      }
    },
    async press(...keys) {
      for (const key of keys) await tmux('send-keys', '-t', 'test', key);
    },
    async paste(text) {
      await tmux('set-buffer', text);
      await tmux('paste-buffer', '-p', '-t', 'test');
    },
    async resize(columns, rows) {
      await tmux('resize-window', '-t', 'test', '-x', String(columns), '-y', String(rows));
    },
    async pid() {
      const { stdout } = await tmux('list-panes', '-t', 'test', '-F', '#{pane_pid}');
      const children = await run('ps', ['-o', 'pid=', '--ppid', stdout.trim()]);
      return Number(children.stdout.trim());
    },
    async [Symbol.asyncDispose]() {
      await tmux('kill-server').catch(() => undefined);
    },
  };
}
