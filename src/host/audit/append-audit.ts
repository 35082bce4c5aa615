import type { FileHandle } from 'node:fs/promises';
import { toPrintableJson } from '../printable-json.ts';
import type { AuditEntry, AuditEvent } from './audit-entry.ts';
import { emptyHead, readAuditHead, writeAuditHead } from './audit-head.ts';
import { toLineHash } from './audit-lines.ts';
import { settleAuditTail } from './settle-audit-tail.ts';

/** What happened, and in which bottle; the log adds its place, the time and the operator. */
export type AuditRecord = AuditEvent & { readonly bottle: string; readonly slug: string };

/**
 * Appends lines to the log, and first says of a crash's traces what they are.
 * INVARIANT: called under the log's lock. The log is on the disk before the head says so, and both before this resolves.
 * @throws BottleError `audit-broken`; nothing was appended then
 */
export async function appendAuditRecords(
  file: FileHandle,
  headPath: string,
  records: readonly AuditRecord[],
  { time, operator }: Pick<AuditEntry, 'time' | 'operator'>,
): Promise<void> {
  if (records.length === 0) return;
  const { size: sizeBefore } = await file.stat();
  const head = await readAuditHead(headPath, sizeBefore);
  if (sizeBefore === 0 && head === emptyHead) await writeAuditHead(headPath, head);
  const tail = await settleAuditTail(file, head);
  const repair: AuditRecord = { event: 'log-repaired', lines: tail.cut, bottle: '', slug: '' };
  const all = tail.cut === 0 ? records : [repair, ...records];
  // A torn line is ended and kept: it is neither lost nor merged with what follows.
  const bytes: Buffer[] = tail.unended ? [Buffer.from('\n')] : [];
  let { seq, hash, lastLine } = tail;
  let size = tail.size + (tail.unended ? 1 : 0);
  for (const record of all) {
    seq += 1;
    const entry: AuditEntry = { version: 1, seq, prev: hash, time, operator, ...record };
    const line = Buffer.from(toPrintableJson(entry, 0));
    hash = toLineHash(line);
    lastLine = size;
    size += line.length + 1;
    bytes.push(line, Buffer.from('\n'));
  }
  await file.appendFile(Buffer.concat(bytes));
  await file.sync();
  await writeAuditHead(headPath, { version: 1, seq, hash, size, lastLine });
}
