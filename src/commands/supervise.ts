import * as Flags from '@oclif/core/flags';
import { BottleError, exitStatus } from '../errors.ts';
import { BottleCommand } from './program/bottle-command.ts';
import { openOperator } from './program/open-operator.ts';
import { endingSignals, listenForSignals } from './program/signals.ts';
import { hasTerminal } from './terminal/has-terminal.ts';
import { toPrintable } from './text/to-printable.ts';

export default class Supervise extends BottleCommand {
  static override readonly summary = 'Answer what the agents ask for, in a live list or on a page.';
  static override readonly description =
    'Shows the requests of all bottles as they come: approve, edit, reject with a note, revoke. --web shows the same on a page ' +
    'that only this host can open. For scripts: "bottle supervise ls", "show", "approve", "reject" and "watch".';
  static override readonly examples = [
    '<%= config.bin %> supervise',
    '<%= config.bin %> supervise --web',
    '<%= config.bin %> supervise --web --port 8017',
  ];
  static override readonly flags = {
    web: Flags.boolean({ default: false, description: 'Serve a page on 127.0.0.1 until interrupted.' }),
    port: Flags.string({
      dependsOn: ['web'],
      description: 'The port of the page, from 1024 on; a free one by default.',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Supervise);
    if (!flags.web && !hasTerminal()) {
      throw new BottleError('usage-invalid', 'The live list needs a terminal.', {
        hint: 'In a script, use "bottle supervise ls" or "bottle supervise watch"; "bottle supervise --web" needs none.',
      });
    }
    using scope = listenForSignals(endingSignals, () => undefined);
    const { signal } = scope;
    if (flags.web) {
      const { runPage } = await import('./page/run-page.ts');
      const onListening = (url: string) => {
        process.stderr.write(
          'Open this address in a browser of this host; it works once. Ctrl-C ends the page.\n',
        );
        process.stdout.write(`${url}\n`);
      };
      const onWarning = (message: string) => process.stderr.write(`Warning: ${toPrintable(message)}\n`);
      await runPage(openOperator(), { port: parsePort(flags.port), onListening, onWarning, signal });
    } else {
      const { runLiveList } = await import('./live-list/run-live-list.ts');
      const left = await runLiveList(openOperator(), process.env, signal);
      if (left === 'interrupt' && !signal.aborted) process.exitCode = exitStatus.interrupted;
    }
    // Leaving is no failure, but the status says which signal it was.
    if (signal.reason instanceof BottleError) process.exitCode = signal.reason.exit;
  }
}

/** Null: any port that is free. */
function parsePort(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = /^\d{4,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1024 && port <= 65_535) return port;
  throw new BottleError('usage-invalid', '--port must be a number from 1024 to 65535.', {
    hint: 'Without it, a free port is taken.',
  });
}
