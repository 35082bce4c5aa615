import { setTimeout as pause } from 'node:timers/promises';
import type { QueueEntry, QueueSnapshot } from '../../src/approvals/queue-entry.ts';
import type { BottleHome } from './bottle-cli.ts';

/**
 * Waits until a request of some kind waits for an answer, and returns it.
 * @param asking what makes the request; when it ends first, that is an error with what it said
 */
export async function untilWaiting(
  home: BottleHome,
  kind: QueueEntry['request']['proposal']['kind'],
  asking: Promise<unknown>,
): Promise<QueueEntry> {
  let ended: { readonly said: unknown } | null = null;
  void asking.then(
    (said) => {
      ended = { said };
    },
    (error: unknown) => {
      ended = { said: String(error) };
    },
  );
  for (;;) {
    const { stdout, stderr, status } = await home.run(['supervise', 'ls', '--json']);
    if (status !== 0) throw new Error(`bottle supervise ls: ${stderr}${stdout}`);
    const { entries } = JSON.parse(stdout) as QueueSnapshot;
    const entry = entries.find(({ request }) => request.proposal.kind === kind);
    if (entry !== undefined) return entry;
    if (ended !== null) throw new Error(`it ended before it asked: ${JSON.stringify(ended)}`);
    await pause(50);
  }
}
