import { queueLimits } from '../../../../src/queue/queue-limits.ts';
import { createQueueFiles } from '../../../../src/sidecars/daemon/queue-files.ts';
import { queueRequest } from '../../queue/any-proposal.ts';

// Writes one request anew without end, long and short by turns, until it is killed or its standard input ends.
// Usage: queue-writer QUEUE-DIRECTORY

const [, , queue = ''] = process.argv;
process.stdin.once('end', () => process.exit()).resume();
const files = createQueueFiles('supervise', queue, queue);
for (let asked = 1; ; asked += 1) {
  const reason = '\u001b'.repeat(asked % 2 === 0 ? 10 : queueLimits.maxReasonLength);
  await files.writeRequest(queueRequest({ asked, reason }));
  if (asked === 1) process.stdout.write('writing\n');
}
