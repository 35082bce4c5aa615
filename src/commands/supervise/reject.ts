import * as Flags from '@oclif/core/flags';
import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openOperator } from '../program/open-operator.ts';
import { bottleFlag, requestArgument } from '../program/request-argument.ts';
import { endingSignals, listenForSignals } from '../program/signals.ts';

export default class SuperviseReject extends BottleCommand {
  static override readonly summary = 'Reject a request, with a note that says why.';
  static override readonly examples = [
    '<%= config.bin %> supervise reject req-0a1b2c3d --note "Use the mirror at git.example.com."',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { request: requestArgument };
  static override readonly flags = {
    bottle: bottleFlag,
    note: Flags.string({ required: true, description: 'Why, for the agent: what it should do instead.' }),
  };

  override async run(): Promise<QueueEntry> {
    const { args, flags } = await this.parse(SuperviseReject);
    using scope = listenForSignals(endingSignals, () => undefined);
    const operator = openOperator();
    const { request, bottle } = await operator.find(args.request, flags.bottle ?? null);
    const { id } = request;
    const entry = await operator.reject({ id, bottle, notes: flags.note, seenRevision: null }, scope.signal);
    this.print(`Rejected ${id} of ${bottle}.\n`);
    return entry;
  }
}
