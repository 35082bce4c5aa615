import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import { withLock } from '../host/lock.ts';
import { parseProposal } from '../queue/parse-proposal.ts';
import { isRequestId } from '../queue/request-id.ts';
import { answerRequest, requireSameKind, requireWaiting } from './answer-request.ts';
import { toChange, toGrantDifference } from './grant-difference.ts';
import { findInstances, type Instance, readInstance } from './instance.ts';
import type { Answer, Approval, Operator } from './operator.ts';
import type { QueueEntry } from './queue-entry.ts';
import { createQueueReader, type InstanceQueues } from './queue-reader.ts';
import { recordQueues } from './recorded.ts';
import { recoverInstance } from './recover.ts';
import { revokeGrant } from './revoke-grant.ts';
import { requireSavable, saveToManifest } from './save-to-manifest.ts';
import { sortEntries } from './sort-entries.ts';
import type { ApprovalSurroundings } from './surroundings.ts';
import { type WatchedSnapshot, watchQueues } from './watch-queues.ts';

/** For another operator's answer to the same bottle: longer than its daemons may take twice. */
const lockWaitMs = 15_000;

/** All that an operator can do with the queues of this host. */
export function createOperator(surroundings: ApprovalSurroundings): Operator {
  const { stateHome, audit, now } = surroundings;
  const reader = createQueueReader();

  /** What is read here is what is recorded: of two texts of one request, all see the one that was first written down. */
  async function readRecordedQueues(instance: Instance): Promise<InstanceQueues> {
    for (;;) {
      const queues = await reader.readQueues(instance, now());
      if (!(await recordQueues(audit, { instance, ...queues }, { now: now(), ending: false }))) return queues;
    }
  }

  async function takeSnapshot(): Promise<WatchedSnapshot> {
    const found = await findInstances(stateHome);
    const queues: InstanceQueues[] = [];
    for (const instance of found.instances) queues.push(await readRecordedQueues(instance));
    reader.forgetUnread();
    return {
      snapshot: {
        entries: sortEntries(queues.flatMap(({ entries }) => entries)),
        garbage: [...found.garbage, ...queues.flatMap(({ garbage }) => garbage)],
      },
      instances: join(stateHome, 'instances'),
      stateDirectories: found.instances.map(({ plan }) => plan.stateDirectory),
    };
  }

  async function find(id: string, bottle: string | null): Promise<QueueEntry> {
    const { entries } = (await takeSnapshot()).snapshot;
    const found = entries.filter(
      (entry) => entry.request.id === id && (bottle ?? entry.bottle) === entry.bottle,
    );
    const [first] = found;
    if (first === undefined) throw notFound(id, bottle);
    if (found.length === 1) return first;
    const names = found.map((entry) => entry.bottle).join(', ');
    throw new BottleError('usage-invalid', `${id} is a request of several bottles: ${names}.`, {
      hint: 'Say which one with --bottle NAME.',
    });
  }

  /** Does something with one request while no other operator does anything to its bottle. */
  async function withRequest(
    { id, bottle }: Pick<Answer, 'bottle'> & { readonly id: string },
    signal: AbortSignal,
    work: (instance: Instance, entry: QueueEntry, reread: () => Promise<QueueEntry>) => Promise<void>,
  ): Promise<QueueEntry> {
    const { slug, stateDirectory, bottle: name, request } = await find(id, bottle);
    const read = async (): Promise<{ readonly instance: Instance; readonly entry: QueueEntry }> => {
      const instance = await readInstance(stateDirectory, slug);
      if (instance === null) throw notFound(id, name);
      // It was recorded when it was found.
      const entry = await reader.readEntry(instance, request.id, now());
      if (entry === null) throw notFound(id, name);
      return { instance, entry };
    };
    const lock = { path: join(stateHome, 'locks', slug), what: `the bottle "${name}"`, waitMs: lockWaitMs };
    return await withLock(lock, async () => {
      signal.throwIfAborted();
      await recoverInstance(surroundings, (await read()).instance, signal);
      const { instance, entry } = await read();
      await work(instance, entry, async () => (await read()).entry);
      return (await read()).entry;
    });
  }

  return {
    async snapshot() {
      return (await takeSnapshot()).snapshot;
    },
    watch: (signal) => watchQueues(takeSnapshot, signal),
    find,
    async preview(entry, proposal) {
      const instance = await readInstance(entry.stateDirectory, entry.slug);
      if (instance === null) throw notFound(entry.request.id, entry.bottle);
      const { request } = entry;
      return toGrantDifference(instance, request.id, requireSameKind(request, parseProposal(proposal)));
    },
    async approve(approval, signal) {
      const { notes, save } = approval;
      return await withRequest(approval, signal, async (instance, waiting, reread) => {
        requireWaiting(waiting, { started: false });
        const edited = parseProposal(approval.proposal ?? waiting.request.proposal);
        const proposal = requireSameKind(waiting.request, edited);
        requireFresh(approval, waiting);
        if (save) await requireSavable(surroundings, instance, proposal);
        await answerRequest(
          surroundings,
          { instance, entry: waiting, status: 'approved', notes, proposal, reread },
          signal,
        );
        if (save) await saveToManifest(surroundings, instance, await reread());
      });
    },
    reject: (answer, signal) =>
      withRequest(answer, signal, async (instance, entry, reread) => {
        requireWaiting(entry, { started: false });
        const { notes } = answer;
        if (notes.trim() === '')
          throw new BottleError('usage-invalid', 'A rejection needs a note for the agent.');
        await answerRequest(
          surroundings,
          { instance, entry, status: 'rejected', notes, proposal: null, reread },
          signal,
        );
      }),
    revoke: (id, bottle, signal) =>
      withRequest({ id, bottle }, signal, (instance, entry) =>
        revokeGrant(surroundings, instance, entry, signal),
      ),
  };
}

/** INVARIANT: an operator who was shown a difference approves that one, or is told that it is another by now. */
function requireFresh({ seenRevision }: Approval, { request, revision }: QueueEntry): void {
  if (seenRevision === null || seenRevision === revision || toChange(request.proposal) === null) return;
  throw new BottleError(
    'request-stale',
    'The policy of the bottle has changed since the difference was shown.',
  );
}

function notFound(id: string, bottle: string | null): BottleError {
  const where = bottle === null ? 'any bottle' : `the bottle "${bottle}"`;
  const words = isRequestId(id)
    ? `There is no request ${id} in the queue of ${where}.`
    : `"${id}" is no request's id.`;
  return new BottleError('request-not-found', words);
}
