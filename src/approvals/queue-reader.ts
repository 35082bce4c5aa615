import { join } from 'node:path';
import { parseDecision } from '../queue/parse-decision.ts';
import { parseRequest } from '../queue/parse-request.ts';
import { queueLimits } from '../queue/queue-limits.ts';
import type { Decision, QueueDaemon, QueueRequest, RequestId } from '../queue/request.ts';
import { fromFileName, isUnfinishedFile, toFileName } from '../queue/request-id.ts';
import { createFileTexts, listNames } from './bounded-file.ts';
import { findGrantDifference } from './grant-difference.ts';
import type { Instance } from './instance.ts';
import type { QueueEntry, QueueGarbage } from './queue-entry.ts';
import { createRecall } from './recall.ts';
import { isSameRequest, recordedFolder } from './recorded.ts';

const daemons: readonly QueueDaemon[] = ['supervise', 'git-gate'];
/** Of one folder: far more than the daemons' own limits let a guest make in a week. */
const maxFiles = 10_000;

/** What lies in the queues of one instance. */
export interface InstanceQueues {
  readonly entries: readonly QueueEntry[];
  readonly garbage: readonly QueueGarbage[];
}

/** Reads queues, the answers to them and how each request stands; remembers what has not changed since. */
export interface QueueReader {
  readQueues(instance: Instance, now: number): Promise<InstanceQueues>;
  /** One request, or null where there is none of that id. */
  readEntry(instance: Instance, id: RequestId, now: number): Promise<QueueEntry | null>;
  /** Forgets what was not read since the last call. */
  forgetUnread(): void;
}

type Complain = (file: string, message: string) => void;

/** Makes a reader that has read nothing yet. */
export function createQueueReader(): QueueReader {
  const files = createFileTexts(queueLimits.maxFileBytes);
  const differences = createRecall<readonly string[]>();

  async function readEntry(
    instance: Instance,
    id: RequestId,
    now: number,
    complain: Complain,
  ): Promise<QueueEntry | null> {
    const request = await readRequest(instance, id, complain);
    if (request === null) return null;
    const decision = await readDecision(instance, id, complain);
    const { plan, policy } = instance;
    const proposal = decision === null ? request.proposal : decision.proposal;
    const key = `${plan.slug} ${policy.revision} ${id} ${decision?.status}`;
    return {
      bottle: plan.name,
      slug: plan.slug,
      stateDirectory: plan.stateDirectory,
      request,
      status: findStatus(instance, request, decision, now),
      decision,
      difference:
        proposal === null ? [] : differences.of(key, () => findGrantDifference(instance, id, proposal)),
      revision: policy.revision,
    };
  }

  /** A request as it was first read, with what its daemon may still say of it; as it lies there, where nobody read it yet. */
  async function readRequest(
    instance: Instance,
    id: RequestId,
    complain: Complain,
  ): Promise<QueueRequest | null> {
    let request = await readRecorded(instance, id, complain);
    for (const daemon of daemons) {
      const file = `${daemon}/${toFileName(id)}`;
      try {
        const text = await files.read(join(instance.plan.stateDirectory, 'queue', file));
        if (text === null) continue;
        const found = parseRequest(text, { daemon, id });
        if (request !== null && !isSameRequest(request, found)) {
          complain(file, 'it was changed after it was first read; what was first asked stands');
        } else request = found;
      } catch (error) {
        complain(file, toWords(error));
      }
    }
    return request;
  }

  async function readRecorded(
    instance: Instance,
    id: RequestId,
    complain: Complain,
  ): Promise<QueueRequest | null> {
    const text = await files.read(join(recordedFolder(instance), toFileName(id)));
    if (text === null) return null;
    for (const daemon of daemons) {
      try {
        return parseRequest(text, { daemon, id });
      } catch {
        // It may be the other one's.
      }
    }
    complain(`recorded/${toFileName(id)}`, 'it is no request');
    return null;
  }

  async function readDecision(
    { plan }: Instance,
    id: RequestId,
    complain: Complain,
  ): Promise<Decision | null> {
    try {
      const text = await files.read(join(plan.stateDirectory, 'bundle/decisions', toFileName(id)));
      return text === null ? null : parseDecision(text, id);
    } catch (error) {
      complain(`decisions/${toFileName(id)}`, toWords(error));
      return null;
    }
  }

  return {
    async readQueues(instance, now) {
      const { name: bottle, slug } = instance.plan;
      const garbage: QueueGarbage[] = [];
      const complain: Complain = (file, message) => garbage.push({ bottle, slug, file, message });
      const entries: QueueEntry[] = [];
      for (const id of await findIds(instance, complain)) {
        const entry = await readEntry(instance, id, now, complain);
        if (entry !== null) entries.push(entry);
      }
      return { entries, garbage };
    },
    readEntry: (instance, id, now) => readEntry(instance, id, now, () => undefined),
    forgetUnread() {
      files.forgetUnread();
      differences.forgetUnread();
    },
  };
}

/** The ids that files of an instance are named after, in the queues and among what was read before. */
async function findIds(instance: Instance, complain: Complain): Promise<ReadonlySet<RequestId>> {
  const recorded = await listNames(recordedFolder(instance), Number.POSITIVE_INFINITY);
  const ids = new Set(recorded.names.flatMap((name) => fromFileName(name) ?? []));
  for (const daemon of daemons) {
    try {
      const folder = join(instance.plan.stateDirectory, 'queue', daemon);
      const { names, more } = await listNames(folder, maxFiles);
      if (more) complain(daemon, `it holds more than ${maxFiles} files, and not all of them are looked at`);
      for (const name of names.toSorted()) {
        const id = fromFileName(name);
        if (id !== null) ids.add(id);
        else if (!isUnfinishedFile(name)) complain(`${daemon}/${name}`, 'its name is not that of a request');
      }
    } catch (error) {
      complain(daemon, toWords(error));
    }
  }
  return ids;
}

function findStatus(
  { policy }: Instance,
  request: QueueRequest,
  decision: Decision | null,
  now: number,
): QueueEntry['status'] {
  if (decision === null) {
    return request.lapsedAt !== null || now >= Date.parse(request.expiresAt) ? 'lapsed' : 'waiting';
  }
  if (decision.status === 'rejected') return 'rejected';
  const isGranted = policy.grants.some((grant) => grant.request === request.id);
  return decision.revision === null || isGranted ? 'approved' : 'revoked';
}

function toWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
