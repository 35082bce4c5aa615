import * as Flags from '@oclif/core/flags';
import type { QueueSnapshot } from '../../approvals/queue-entry.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openOperator } from '../program/open-operator.ts';
import { bottleFlag } from '../program/request-argument.ts';
import { toSummary } from '../requests/proposal-text.ts';
import { cutText } from '../text/cut-text.ts';
import { toDuration } from '../text/to-duration.ts';
import { toPrintable } from '../text/to-printable.ts';
import { toTable } from '../text/to-table.ts';

/** Of what a request asks for; "supervise show" has the whole. */
const maxSummaryLength = 100;

export default class SuperviseLs extends BottleCommand {
  static override readonly summary = 'List the requests that wait for an answer.';
  static override readonly description =
    'Those of all bottles, the oldest first. With --all also what was answered, lapsed or revoked, as long as its bottle is there; ' +
    '"bottle audit" has everything.';
  static override readonly examples = [
    '<%= config.bin %> supervise ls',
    '<%= config.bin %> supervise ls --all --bottle api-dev --json',
  ];
  static override readonly enableJsonFlag = true;
  static override readonly flags = {
    all: Flags.boolean({ default: false, description: 'Also those that do not wait any more.' }),
    bottle: bottleFlag,
  };

  override async run(): Promise<QueueSnapshot> {
    const { flags } = await this.parse(SuperviseLs);
    const { entries, garbage } = await openOperator().snapshot();
    const isAsked = ({ bottle }: { readonly bottle: string }) => (flags.bottle ?? bottle) === bottle;
    const shown = {
      entries: entries.filter((entry) => isAsked(entry) && (flags.all || entry.status === 'waiting')),
      garbage: garbage.filter(isAsked),
    };
    this.print(toListText(shown, Date.now()));
    for (const { bottle, file, message } of this.jsonEnabled() ? [] : shown.garbage) {
      process.stderr.write(
        `Warning: ${toPrintable(`${file} in the queue of ${bottle} is no request: ${message}`)}.\n`,
      );
    }
    return shown;
  }
}

function toListText({ entries }: QueueSnapshot, nowMs: number): string {
  if (entries.length === 0) return 'No request is waiting.\n';
  const rows = entries.map(({ request, bottle, status }) => [
    request.id,
    bottle,
    status,
    request.proposal.kind,
    toDuration(nowMs - Date.parse(request.createdAt)),
    status === 'waiting' ? toDuration(Date.parse(request.expiresAt) - nowMs) : '-',
    String(request.asked),
    cutText(toSummary(request.proposal), maxSummaryLength),
  ]);
  return toTable([['ID', 'BOTTLE', 'STATUS', 'KIND', 'AGE', 'LEFT', 'ASKED', 'WHAT'], ...rows]);
}
