import * as Flags from '@oclif/core/flags';
import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleError } from '../../errors.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openOperator } from '../program/open-operator.ts';
import { readTextInput } from '../program/read-text-input.ts';
import { bottleFlag, requestArgument } from '../program/request-argument.ts';
import { endingSignals, listenForSignals } from '../program/signals.ts';
import { parseEditText } from '../requests/proposal-yaml.ts';
import { toField } from '../text/to-entry-text.ts';

export default class SuperviseApprove extends BottleCommand {
  static override readonly summary = 'Approve a request: it is in force when this returns.';
  static override readonly description =
    'The running bottle takes the change without a restart, and without dropping its connections. It holds for this bottle ' +
    'until it goes down or "supervise revoke" takes it back; --save writes it into the manifest too.';
  static override readonly examples = [
    '<%= config.bin %> supervise approve req-0a1b2c3d',
    '<%= config.bin %> supervise approve req-0a1b2c3d --with-credential-of "egress.routes[0]" --save',
    '<%= config.bin %> supervise show req-0a1b2c3d --json | jq .request.proposal > p.json; <%= config.bin %> supervise approve req-0a1b2c3d --edit p.json',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly args = { request: requestArgument };
  static override readonly flags = {
    bottle: bottleFlag,
    note: Flags.string({ default: '', description: 'A word for the agent.' }),
    edit: Flags.string({
      helpValue: 'FILE',
      description:
        'Approve what this file says instead, a whole proposal as YAML or JSON; "-" is standard input.',
    }),
    'with-credential-of': Flags.string({
      helpValue: 'ROUTE',
      description:
        'Send the credential of this route of the manifest, which is to the same host, along with the new one.',
    }),
    save: Flags.boolean({ default: false, description: "Write the change into the bottle's manifest too." }),
  };

  override async run(): Promise<QueueEntry> {
    const { args, flags } = await this.parse(SuperviseApprove);
    const operator = openOperator();
    const bottle = flags.bottle ?? null;
    const { request } = await operator.find(args.request, bottle);
    const edited =
      flags.edit === undefined ? null : parseEditText(await readTextInput(flags.edit), request.proposal.kind);
    const credential = flags['with-credential-of'];
    const proposal =
      credential === undefined ? edited : withCredential(edited ?? request.proposal, credential);
    using scope = listenForSignals(endingSignals, () => undefined);
    const { note: notes, save } = flags;
    const { id } = request;
    const entry = await operator.approve(
      { id, bottle, notes, proposal, save, seenRevision: null },
      scope.signal,
    );
    this.print(
      `Approved ${id} of ${entry.bottle}.\n${entry.difference.map((line) => toField('', line)).join('')}`,
    );
    return entry;
  }
}

function withCredential(proposal: Proposal, route: string): Proposal {
  if (proposal.kind === 'route') return { ...proposal, credentialOf: route };
  throw new BottleError('usage-invalid', 'Only a route can be given a credential.');
}
