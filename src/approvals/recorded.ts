import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditRecord } from '../host/audit/append-audit.ts';
import { toAuditFailure } from '../host/audit/audit-failure.ts';
import type { AuditLog } from '../host/audit/audit-log.ts';
import { hasCode } from '../host/error-code.ts';
import { toRequestText } from '../queue/parse-request.ts';
import { decisionGraceMs } from '../queue/queue-limits.ts';
import type { QueueRequest } from '../queue/request.ts';
import { toFileName } from '../queue/request-id.ts';
import { createExclusively } from './create-exclusively.ts';
import type { Instance } from './instance.ts';
import type { QueueEntry, QueueGarbage } from './queue-entry.ts';

/**
 * The folder in an instance's own that says what of its queues is in the audit log already, a file each. No container sees it.
 * SECURITY: of a request it holds the text as it was first read. That text is what operators are shown and what they approve: a
 * daemon that has fallen cannot put another under a request that somebody is looking at.
 */
export function recordedFolder({ plan }: Instance): string {
  return join(plan.stateDirectory, 'recorded');
}

/** What one look at the queues found. */
export interface FoundQueues {
  readonly instance: Instance;
  readonly entries: readonly QueueEntry[];
  readonly garbage: readonly QueueGarbage[];
}

/** Where the queues are seen from. */
export interface RecordOptions {
  readonly now: number;
  /** The bottle is about to go: what waits in it lapses. */
  readonly ending: boolean;
}

/**
 * Writes into the audit log what it does not say yet of an instance's queues: requests, lapses, garbage. Idempotent, also over
 * several processes and after a crash: the log itself has the last word.
 * @returns whether there was anything to write: then what was read before is not what is held on to
 * @throws BottleError `audit-broken`, `audit-unwritable`, `operator-busy`
 */
export async function recordQueues(
  audit: AuditLog,
  { instance, entries, garbage }: FoundQueues,
  options: RecordOptions,
): Promise<boolean> {
  const folder = recordedFolder(instance);
  const known = new Set(await readdir(folder).catch(noNames));
  const found = [
    ...entries.flatMap((entry) => toRecords(entry, options)),
    ...garbage.map(toGarbageRecord),
  ].filter(({ file }) => !known.has(file));
  if (found.length === 0) return false;
  await audit.appendMissing(
    found.map(({ record }) => record),
    toKey,
  );
  // Only afterwards: a mark says that the log has it. A bottle that has gone down meanwhile needs none, and no folder either.
  try {
    if (known.size === 0) await mkdir(folder, { mode: 0o700 }).catch(ignoreThere);
    for (const { file, text } of found) await createExclusively(join(folder, file), text, 0o600);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw toAuditFailure(error, folder);
    return false;
  }
  return true;
}

function noNames(error: unknown): readonly string[] {
  if (hasCode(error, 'ENOENT')) return [];
  throw error;
}

function ignoreThere(error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error;
}

interface Found {
  readonly file: string;
  readonly text: string;
  readonly record: AuditRecord;
}

function toRecords(entry: QueueEntry, { now, ending }: RecordOptions): readonly Found[] {
  const { bottle, slug, request } = entry;
  const { id, daemon, reason, proposal, createdAt: proposedAt } = request;
  const proposed: AuditRecord = {
    ...{ event: 'proposed', bottle, slug, request: id, daemon, proposedAt, reason, proposal },
  };
  const lapsedAt = findLapse(entry, now) ?? (ending ? new Date(now).toISOString() : null);
  const lapsed: readonly Found[] =
    entry.decision !== null || lapsedAt === null
      ? []
      : [
          {
            file: `${id}.lapsed`,
            text: '',
            record: { event: 'lapsed', bottle, slug, request: id, lapsedAt },
          },
        ];
  return [{ file: toFileName(id), text: toRequestText(request), record: proposed }, ...lapsed];
}

/** When a request lapsed for good: an answer that was on its way as its time was over may still arrive. */
function findLapse({ request }: QueueEntry, now: number): string | null {
  if (request.lapsedAt !== null) return request.lapsedAt;
  return now > Date.parse(request.expiresAt) + decisionGraceMs ? request.expiresAt : null;
}

function toGarbageRecord({ bottle, slug, file, message }: QueueGarbage): Found {
  // A file's name may be anything, and long.
  const mark = createHash('sha256').update(file).digest('hex').slice(0, 32);
  return {
    file: `garbage-${mark}`,
    text: '',
    record: { event: 'queue-garbage', bottle, slug, file, message },
  };
}

function toKey(record: AuditRecord): string {
  const subject = 'request' in record ? record.request : 'file' in record ? record.file : '';
  return JSON.stringify([record.slug, record.event, subject]);
}

/** Whether two texts of one request differ in more than what its daemon counts and says of its end. */
export function isSameRequest(first: QueueRequest, now: QueueRequest): boolean {
  const { asked, lapsedAt } = now;
  return toRequestText({ ...first, asked, lapsedAt }) === toRequestText(now);
}
