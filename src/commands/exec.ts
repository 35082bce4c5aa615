import * as Flags from '@oclif/core/flags';
import { BottleError } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { nameArgument } from './program/name-argument.ts';
import { parseEnvFlags } from './program/parse-env-flags.ts';
import { toSessionResult } from './program/session-result.ts';
import { listenForSignals } from './program/signals.ts';
import { hasTerminal } from './terminal/has-terminal.ts';
import { runSession } from './terminal/run-session.ts';

export default class Exec extends BottleCommand {
  static override readonly summary = 'Run one more command in the guest.';
  static override readonly description =
    "The command's exit status is passed through. It gets a terminal when both ends of this one are terminals.";
  static override readonly usage = 'exec NAME [FLAGS] -- COMMAND...';
  static override readonly examples = [
    '<%= config.bin %> exec api-dev -- git status',
    '<%= config.bin %> exec api-dev -- bash',
    'tar c src | <%= config.bin %> exec api-dev -- tar x -C /tmp',
    '<%= config.bin %> exec api-dev --root -e DEBUG=1 -w /tmp -- env',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };
  static override readonly flags = {
    'no-tty': Flags.boolean({
      default: false,
      char: 'T',
      description: 'Give the command no terminal, even where there is one.',
    }),
    'no-stdin': Flags.boolean({
      default: false,
      char: 'n',
      description: 'Leave standard input alone, as in a loop that reads it.',
    }),
    env: Flags.string({
      char: 'e',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=VALUE',
      description: 'Set a variable.',
    }),
    workdir: Flags.string({ char: 'w', helpValue: 'PATH', description: 'Run in this folder of the guest.' }),
    root: Flags.boolean({
      default: false,
      description: 'Run as root, which in a guest has no capability either.',
    }),
  };

  override async run(): Promise<object> {
    const { own, guest } = this.splitGuestCommand();
    const { args, flags } = await this.parse(Exec, own);
    if (guest === null || guest.length === 0) {
      throw new BottleError('usage-invalid', 'There is no command to run.', {
        hint: `Put it after "--": "bottle exec ${args.name} -- COMMAND".`,
      });
    }
    const env = parseEnvFlags(flags.env ?? []);
    const bottle = await findBottle(args.name);
    const json = this.jsonEnabled();
    const tty = hasTerminal() && !flags['no-tty'] && !flags['no-stdin'] && !json;
    using scope = listenForSignals([], () => undefined);
    const end = await runSession(
      {
        tty,
        stdin: !flags['no-stdin'],
        detachable: false,
        stdout: json ? 'stderr' : 'stdout',
        forwardedSignals: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'],
        signal: scope.signal,
        redraw: false,
      },
      (streams) =>
        bottle.exec(
          { argv: guest, tty, env, workdir: flags.workdir ?? null, user: flags.root ? 'root' : 'guest' },
          streams,
        ),
    );
    return toSessionResult(bottle, end);
  }
}
