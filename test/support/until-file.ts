import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { CliResult } from './bottle-cli.ts';

/** Waits until a file exists; a command that was to make it and ends instead is an error with what it said. */
export async function untilFile(path: string, command: Promise<CliResult>): Promise<void> {
  let ended: CliResult | null = null;
  void command.then((result) => {
    ended = result;
  });
  while (!existsSync(path)) {
    if (ended !== null) throw new Error(`it ended before it made ${path}: ${JSON.stringify(ended)}`);
    await pause(20);
  }
}
