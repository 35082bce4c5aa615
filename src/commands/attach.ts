import { BottleError } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { findBottle } from './program/find-bottle.ts';
import { nameArgument } from './program/name-argument.ts';
import { toSessionResult } from './program/session-result.ts';
import { listenForSignals } from './program/signals.ts';
import { hasTerminal } from './terminal/has-terminal.ts';
import { runSession } from './terminal/run-session.ts';

export default class Attach extends BottleCommand {
  static override readonly summary = "Go back to the guest's first process.";
  static override readonly description =
    'Its exit status is passed through. Ctrl-P Ctrl-Q leaves it running. A bottle that was started with --detach, or left, stays ' +
    'after its agent has ended; "bottle down" removes it.';
  static override readonly examples = ['<%= config.bin %> attach api-dev'];
  static override readonly enableJsonFlag = true;
  static override readonly args = { name: nameArgument };

  override async run(): Promise<object> {
    const { args } = await this.parse(Attach);
    const bottle = await findBottle(args.name);
    const json = this.jsonEnabled();
    const terminals = hasTerminal() && !json;
    if (bottle.tty && !terminals) {
      throw new BottleError(
        'usage-invalid',
        `The guest of "${bottle.name}" has a terminal, and here is none.`,
        {
          hint: `Read what it prints with "bottle logs ${bottle.name} --guest".`,
        },
      );
    }
    using scope = listenForSignals([], () => undefined);
    const end = await runSession(
      {
        tty: bottle.tty,
        stdin: true,
        detachable: true,
        stdout: json ? 'stderr' : 'stdout',
        forwardedSignals: [],
        signal: scope.signal,
        redraw: true,
      },
      (streams) => bottle.attach(streams, { replay: !bottle.tty }),
    );
    if (end.kind === 'detached')
      process.stderr.write(`\r\nDetached; "bottle attach ${bottle.name}" goes back.\n`);
    return toSessionResult(bottle, end);
  }
}
