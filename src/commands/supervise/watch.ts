import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleError } from '../../errors.ts';
import { toPrintableJson } from '../../host/printable-json.ts';
import { BottleCommand } from '../program/bottle-command.ts';
import { openNotifier } from '../program/open-notifier.ts';
import { openOperator } from '../program/open-operator.ts';
import { endingSignals, listenForSignals } from '../program/signals.ts';
import { toSummary } from '../requests/proposal-text.ts';
import { toPrintable } from '../text/to-printable.ts';

export default class SuperviseWatch extends BottleCommand {
  static override readonly summary = 'Print a line for each request that waits, and notify of it.';
  static override readonly description =
    "Of all bottles, first what waits already, then each new one, until interrupted. Runs the command that a bottle's manifest " +
    'names in supervise.notify, once for each request, however many commands watch. --json prints an object a line.';
  static override readonly examples = [
    '<%= config.bin %> supervise watch',
    '<%= config.bin %> supervise watch --json',
  ];
  static override readonly enableJsonFlag = true;

  override async run(): Promise<void> {
    await this.parse(SuperviseWatch);
    using scope = listenForSignals(endingSignals, () => undefined);
    await using notifier = openNotifier((message) =>
      process.stderr.write(`Warning: ${toPrintable(message)}\n`),
    );
    const told = new Set<string>();
    for await (const snapshot of openOperator().watch(scope.signal)) {
      for (const entry of snapshot.entries) {
        const key = `${entry.slug} ${entry.request.id}`;
        if (entry.status !== 'waiting' || told.has(key)) continue;
        told.add(key);
        process.stdout.write(this.jsonEnabled() ? `${toPrintableJson(entry, 0)}\n` : toLine(entry));
      }
      await notifier.notify(snapshot.entries);
    }
    // Watching ends by an interruption: that is no failure, but the status says which it was.
    if (scope.signal.reason instanceof BottleError) process.exitCode = scope.signal.reason.exit;
  }
}

function toLine({ bottle, request }: QueueEntry): string {
  const { id, createdAt, proposal } = request;
  return `${createdAt} ${id} ${bottle} ${proposal.kind}: ${toPrintable(toSummary(proposal))}\n`;
}
