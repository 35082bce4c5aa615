import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openOperator } from '../program/open-operator.ts';
import { bottleFlag, requestArgument } from '../program/request-argument.ts';
import { endingSignals, listenForSignals } from '../program/signals.ts';
import { toField } from '../text/to-entry-text.ts';

export default class SuperviseRevoke extends BottleCommand {
  static override readonly summary = 'Take back what a request was granted.';
  static override readonly description =
    'Connections that used it are cut when this returns. What was written into the manifest stays there.';
  static override readonly examples = ['<%= config.bin %> supervise revoke req-0a1b2c3d'];
  static override readonly enableJsonFlag = true;
  static override readonly args = { request: requestArgument };
  static override readonly flags = { bottle: bottleFlag };

  override async run(): Promise<QueueEntry> {
    const { args, flags } = await this.parse(SuperviseRevoke);
    using scope = listenForSignals(endingSignals, () => undefined);
    const entry = await openOperator().revoke(args.request, flags.bottle ?? null, scope.signal);
    const gone = entry.difference.map((line) => toField('', line.replace(/^\+/, '-')));
    this.print(`Revoked ${entry.request.id} of ${entry.bottle}.\n${gone.join('')}`);
    return entry;
  }
}
