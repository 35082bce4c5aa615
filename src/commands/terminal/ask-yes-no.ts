import { createInterface } from 'node:readline/promises';

/** Asks at the terminal, on standard error; anything but a clear yes, an end of input too, is a no. */
export async function askYesNo(question: string, signal?: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  terminal.once('close', () => resolve(''));
  // In a terminal's line mode readline sees Ctrl-C itself, before the process would.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = terminal.question(`${question} [y/N] `, signal === undefined ? {} : { signal });
    return /^y(es)?$/i.test((await Promise.race([answer, closed])).trim());
  } finally {
    terminal.close();
  }
}
