import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../../errors.ts';
import { withLock } from '../lock.ts';
import { type AuditRecord, appendAuditRecords } from './append-audit.ts';
import type { AuditEntry } from './audit-entry.ts';
import { toAuditFailure } from './audit-failure.ts';
import { emptyHead, readAuditHead } from './audit-head.ts';
import { readAuditLines } from './audit-lines.ts';
import { toLostMessage } from './settle-audit-tail.ts';
import { type AuditVerdict, verifyAuditLines } from './verify-audit.ts';

export interface AuditSurroundings {
  /** The folder that the log is in. */
  readonly stateHome: string;
  /** The login name of who runs the command. */
  readonly operator: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An entry, and its line as it is stored. */
export interface StoredEntry {
  readonly entry: AuditEntry;
  readonly text: string;
}

/** The log of all that was asked, decided and changed on this host. */
export interface AuditLog {
  /**
   * Appends lines, and resolves when they are on the disk.
   * @throws BottleError `audit-broken`, `audit-unwritable`, `operator-busy`; nothing was appended then
   */
  append(records: readonly AuditRecord[]): Promise<void>;
  /** Appends those whose key no entry of the log has yet, also where several processes find them at once. */
  appendMissing(records: readonly AuditRecord[], keyOf: (record: AuditRecord) => string): Promise<void>;
  /** Every entry, the first one first. Lines that a crash cut short are left out; the `log-repaired` after them stays. */
  entries(): AsyncIterable<StoredEntry>;
  /** Checks that every line follows from the one before, and that none is missing at the end. */
  verify(): Promise<AuditVerdict>;
}

const lockWaitMs = 10_000;
// A pipe is not waited for, no link is followed.
const safeFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const readFlags = constants.O_RDONLY | safeFlags;
const appendFlags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | safeFlags;

/** The audit log of an operator: `audit.jsonl`, for its owner alone, and beside it `audit.head`. */
export function openAuditLog({ stateHome, operator, now }: AuditSurroundings): AuditLog {
  const path = join(stateHome, 'audit.jsonl');
  const headPath = join(stateHome, 'audit.head');
  const lock = { path: join(stateHome, 'locks', 'audit'), what: 'the audit log', waitMs: lockWaitMs };

  async function underLock(work: (file: FileHandle) => Promise<void>): Promise<void> {
    try {
      await mkdir(stateHome, { recursive: true, mode: 0o700 });
      await withLock(lock, async () => {
        await using file = await openLog(path, appendFlags);
        await work(file);
      });
    } catch (error) {
      throw toAuditFailure(error, path);
    }
  }

  const append = (file: FileHandle, records: readonly AuditRecord[]) =>
    appendAuditRecords(file, headPath, records, { time: new Date(now()).toISOString(), operator });

  return {
    append: (records) => underLock((file) => append(file, records)),
    appendMissing: (records, keyOf) =>
      underLock(async (file) => {
        const there = await findKeys(file, records, keyOf);
        await append(
          file,
          records.filter((record) => !there.has(keyOf(record))),
        );
      }),
    async *entries() {
      await using file = await openIfThere(path);
      if (file === null) return;
      for await (const { content, text } of readAuditLines(file)) {
        if (content.kind === 'entry') yield { entry: content.entry, text };
      }
    },
    async verify() {
      await using file = await openIfThere(path);
      if (file !== null) {
        return await withLock(lock, async () =>
          verifyAuditLines(file, await readAuditHead(headPath, (await file.stat()).size)),
        );
      }
      const head = await readAuditHead(headPath, 0);
      return head.seq === 0
        ? { kind: 'intact', lines: 0, hash: emptyHead.hash, note: null }
        : { kind: 'broken', message: toLostMessage(head) };
    },
  };

  async function openIfThere(file: string): Promise<FileHandle | null> {
    return await openLog(file, readFlags).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw toAuditFailure(error, path);
    });
  }
}

/** INVARIANT: lines go to a plain file alone: a pipe would take them, and keep none. */
async function openLog(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags, 0o600);
  const facts = await file.stat();
  if (facts.isFile()) return file;
  await file.close();
  throw new BottleError('audit-unwritable', `The audit log ${path} is not a plain file.`);
}

/** The keys of entries of the same bottles. Whole entries are read of those alone, for the log is of all bottles ever. */
async function findKeys(
  file: FileHandle,
  records: readonly AuditRecord[],
  keyOf: (record: AuditRecord) => string,
): Promise<ReadonlySet<string>> {
  const slugs = new Set(records.map(({ slug }) => slug));
  const keys = new Set<string>();
  for await (const { content } of readAuditLines(file)) {
    if (content.kind === 'entry' && slugs.has(content.entry.slug)) keys.add(keyOf(content.entry));
  }
  return keys;
}
