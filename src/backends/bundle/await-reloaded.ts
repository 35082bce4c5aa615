import type { Duplex } from 'node:stream';
import { BottleError } from '../../errors.ts';
import type { DaemonName } from '../../plans/bundle-plan.ts';
import type { ReloadedEvent, ReloadRefusedEvent } from '../../sidecars/protocol.ts';
import { parseBundleLine, readBundleLines, toBundleWords } from './bundle-lines.ts';

/** The daemons that decide by the policy: a change is in force when both say so, and not before. */
const enforcers: readonly DaemonName[] = ['egress', 'pipelock'];

const acknowledged: ReloadedEvent['event'] = 'reloaded';
const refused: ReloadRefusedEvent['event'] = 'reload-refused';

/**
 * Reads what the bundle prints until every daemon that enforces policy says that it acts by this revision.
 * @param stream attached before the daemons were told, so that no answer is missed
 * @throws BottleError `policy-not-applied`, with the daemons' own words, when all have answered and one has refused, when the
 *   bundle ends, or when the time is over; the signal's reason when that aborts
 */
export async function awaitReloaded(
  stream: Duplex,
  options: { readonly revision: number; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { revision, timeoutMs, signal } = options;
  const late = AbortSignal.timeout(timeoutMs);
  const stop = AbortSignal.any([signal, late]);
  const onStop = (): unknown => stream.destroy();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  const silent = new Set<unknown>(enforcers);
  const problems: string[] = [];
  try {
    for await (const line of readBundleLines(stream)) {
      const event = parseBundleLine(line);
      if (event?.daemon === 'init' && event.event === 'bundle-failed') {
        problems.push(toBundleWords(line));
        break;
      }
      // SECURITY: a daemon answers for itself alone, and an answer about another revision is none.
      if (event === null || !silent.has(event.daemon)) continue;
      if (event.event === refused) problems.push(toBundleWords(line));
      else if (event.event !== acknowledged || event.revision !== revision) continue;
      silent.delete(event.daemon);
      // A refusal does not end the wait: what is put back afterwards must not meet a daemon that is still reading.
      if (silent.size === 0) break;
    }
  } catch (error) {
    // A broken connection says no more than that nobody answers.
    if (error instanceof BottleError) problems.push(error.message);
  } finally {
    stop.removeEventListener('abort', onStop);
  }
  signal.throwIfAborted();
  if (silent.size > 0) {
    const why = late.aborted ? `did not answer within ${timeoutMs} ms` : 'ended without an answer';
    problems.push(`${[...silent].join(' and ')} ${why}`);
  }
  if (problems.length === 0) return;
  throw new BottleError(
    'policy-not-applied',
    `Revision ${revision} of the policy was not applied: ${problems.map(withoutStop).join('; ')}.`,
  );
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
