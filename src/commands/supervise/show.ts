import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openOperator } from '../program/open-operator.ts';
import { bottleFlag, requestArgument } from '../program/request-argument.ts';
import { toEntryText } from '../text/to-entry-text.ts';

export default class SuperviseShow extends BottleCommand {
  static override readonly summary = 'Show a request, and the difference that approving it makes.';
  static override readonly examples = [
    '<%= config.bin %> supervise show req-0a1b2c3d',
    '<%= config.bin %> supervise show req-0a1b2c3d --json',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { request: requestArgument };
  static override readonly flags = { bottle: bottleFlag };

  override async run(): Promise<QueueEntry> {
    const { args, flags } = await this.parse(SuperviseShow);
    const entry = await openOperator().find(args.request, flags.bottle ?? null);
    this.print(toEntryText(entry, Date.now()));
    return entry;
  }
}
