import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import * as Flags from '@oclif/core/flags';
import { BottleError } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { nameArgument } from './program/name-argument.ts';
import { endingSignals, listenForSignals } from './program/signals.ts';
import { toLogLine } from './text/to-log-line.ts';
import { toPrintable } from './text/to-printable.ts';

export default class Logs extends BottleCommand {
  static override readonly summary =
    'Show what was asked for and what was refused, or what the guest printed.';
  static override readonly description =
    "Without a flag: the log of all daemons of the bundle, a line an event. --json prints the daemons' own lines.";
  static override readonly examples = [
    '<%= config.bin %> logs api-dev --follow',
    '<%= config.bin %> logs api-dev --daemon pipelock --json',
    '<%= config.bin %> logs api-dev --guest',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };
  static override readonly flags = {
    daemon: Flags.string({
      options: ['init', 'pipelock', 'egress', 'git-gate', 'supervise'],
      description: 'Only the lines of this daemon.',
    }),
    guest: Flags.boolean({
      default: false,
      exclusive: ['daemon'],
      description: "What the guest's first process printed.",
    }),
    follow: Flags.boolean({
      default: false,
      char: 'f',
      description: 'Go on until interrupted or the bottle ends.',
    }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const bottle = await findBottle(args.name);
    using scope = listenForSignals(endingSignals, () => undefined);
    const source = flags.guest
      ? ({ kind: 'guest' } as const)
      : ({ kind: 'bundle', daemon: flags.daemon ?? null } as const);
    const { follow } = flags;
    const lines = createInterface({
      input: Readable.from(bottle.logs(source, { follow, signal: scope.signal })),
    });
    try {
      for await (const line of lines) process.stdout.write(`${this.#toText(line, flags.guest)}\n`);
    } catch (error) {
      if (!scope.signal.aborted) throw error;
    }
    // Following ends by an interruption: that is no failure, but the status says which it was.
    if (scope.signal.reason instanceof BottleError) process.exitCode = scope.signal.reason.exit;
  }

  #toText(line: string, isGuest: boolean): string {
    if (this.jsonEnabled()) return isGuest ? JSON.stringify({ source: 'guest', text: line }) : line;
    return isGuest ? toPrintable(line) : toLogLine(line);
  }
}
