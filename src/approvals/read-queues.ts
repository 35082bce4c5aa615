import { join } from 'node:path';
import { parseDecision } from '../queue/parse-decision.ts';
import { parseRequest } from '../queue/parse-request.ts';
import type { Decision, QueueDaemon, QueueRequest, RequestId } from '../queue/request.ts';
import { fromFileName, isUnfinishedFile, toFileName } from '../queue/request-id.ts';
import { type FileTexts, listNames } from './bounded-file.ts';
import { findGrantDifference } from './grant-difference.ts';
import type { Instance } from './instance.ts';
import type { QueueEntry, QueueGarbage } from './queue-entry.ts';
import { isSameRequest, recordedFolder } from './recorded.ts';

const daemons: readonly QueueDaemon[] = ['supervise', 'git-gate'];
/** Of one folder: far more than the daemons' own limits let a guest make in a week. */
const maxFiles = 10_000;

/** What lies in the queues of one instance. */
export interface InstanceQueues {
  readonly entries: readonly QueueEntry[];
  readonly garbage: readonly QueueGarbage[];
}

/** Reads all queues of an instance, the answers to them and how each request stands. */
export async function readQueues(instance: Instance, files: FileTexts, now: number): Promise<InstanceQueues> {
  const { name: bottle, slug, stateDirectory } = instance.plan;
  const garbage: QueueGarbage[] = [];
  const complain = (file: string, message: string) => garbage.push({ bottle, slug, file, message });
  const requests = await readRecorded(instance, files, complain);
  for (const daemon of daemons) {
    const folder = join(stateDirectory, 'queue', daemon);
    const { names, more } = await listNames(folder, maxFiles).catch((error: unknown) => {
      complain(daemon, toWords(error));
      return { names: [], more: false };
    });
    if (more) complain(daemon, `it holds more than ${maxFiles} files, and not all of them are looked at`);
    for (const name of names.toSorted()) {
      if (isUnfinishedFile(name)) continue;
      const found = await readFound(folder, name, daemon, files).catch((error: unknown) => {
        complain(`${daemon}/${name}`, toWords(error));
        return null;
      });
      if (found === null) continue;
      const first = requests.get(found.id);
      if (first !== undefined && !isSameRequest(first, found)) {
        complain(`${daemon}/${name}`, 'it was changed after it was first read; what was first asked stands');
      } else requests.set(found.id, found);
    }
  }
  const entries = await Promise.all(
    [...requests.values()].map(async (request) => {
      const decision = await readDecision(instance, request.id, files, complain);
      return toEntry(instance, request, decision, now);
    }),
  );
  return { entries, garbage };
}

type Complain = (file: string, message: string) => void;

/** The requests as they were first read. */
async function readRecorded(
  instance: Instance,
  files: FileTexts,
  complain: Complain,
): Promise<Map<RequestId, QueueRequest>> {
  const folder = recordedFolder(instance);
  const { names } = await listNames(folder, Number.POSITIVE_INFINITY);
  const requests = new Map<RequestId, QueueRequest>();
  for (const name of names) {
    const id = fromFileName(name);
    const text = id === null ? null : await files.read(join(folder, name));
    if (id === null || text === null) continue;
    const request = tryEach(daemons, (daemon) => parseRequest(text, { daemon, id }));
    if (request === null) complain(`recorded/${name}`, 'it is no request');
    else requests.set(id, request);
  }
  return requests;
}

/** A request as it lies in its queue now, or null where it has gone in this moment. */
async function readFound(
  folder: string,
  name: string,
  daemon: QueueDaemon,
  files: FileTexts,
): Promise<QueueRequest | null> {
  const id = fromFileName(name);
  if (id === null) throw new Error('its name is not that of a request');
  const text = await files.read(join(folder, name));
  return text === null ? null : parseRequest(text, { daemon, id });
}

async function readDecision(
  { plan }: Instance,
  id: RequestId,
  files: FileTexts,
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

function toEntry(
  instance: Instance,
  request: QueueRequest,
  decision: Decision | null,
  now: number,
): QueueEntry {
  const { plan, policy } = instance;
  const proposal = decision === null ? request.proposal : decision.proposal;
  return {
    bottle: plan.name,
    slug: plan.slug,
    stateDirectory: plan.stateDirectory,
    request,
    status: findStatus(instance, request, decision, now),
    decision,
    difference: proposal === null ? [] : findGrantDifference(instance, request.id, proposal),
    revision: policy.revision,
  };
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

function tryEach<T, R>(choices: readonly T[], attempt: (choice: T) => R): R | null {
  for (const choice of choices) {
    try {
      return attempt(choice);
    } catch {
      // It may be another one's.
    }
  }
  return null;
}

function toWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
