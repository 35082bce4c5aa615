import type { FileHandle } from 'node:fs/promises';
import { auditBroken } from './audit-failure.ts';
import type { AuditHead } from './audit-head.ts';
import { readAuditLines, toLineHash } from './audit-lines.ts';
import { type ChainEnd, checkChain } from './check-chain.ts';

/** Where the log really ends, which is where its head says or, after a crash, behind it. */
export interface AuditTail extends Omit<AuditHead, 'version'> {
  /** Lines at the end that a crash cut short. */
  readonly cut: number;
  /** Whether the last of them lacks its line end. */
  readonly unended: boolean;
}

/**
 * Finds the end of the log to append to.
 * @throws BottleError `audit-broken` where the log does not end as its head says and no crash explains it
 */
export async function settleAuditTail(file: FileHandle, head: AuditHead): Promise<AuditTail> {
  await requireHeadLine(file, head);
  let chain: ChainEnd = { seq: head.seq, hash: head.hash, cut: 0 };
  let { size, lastLine } = head;
  let unended = false;
  // What is behind the head was written by a process that was killed before it could move the head.
  for await (const line of readAuditLines(file, head)) {
    const check = checkChain(chain, line);
    if (check.kind === 'broken') throw auditBroken(check.message);
    chain = check.end;
    lastLine = line.start;
    unended = !line.ended;
    size = line.start + line.bytes + (line.ended ? 1 : 0);
  }
  return { ...chain, size, lastLine, unended };
}

/** Checks that the line the head names is still there and still the same: a look at the end is all an append can afford. */
async function requireHeadLine(file: FileHandle, head: AuditHead): Promise<void> {
  const { size } = await file.stat();
  if (size < head.size) throw auditBroken(toLostMessage(head));
  if (head.seq === 0) return;
  const bytes = Buffer.alloc(head.size - head.lastLine);
  await file.read(bytes, 0, bytes.length, head.lastLine);
  if (bytes.at(-1) !== 0x0a || toLineHash(bytes.subarray(0, -1)) !== head.hash) {
    throw auditBroken(`Line ${head.seq} of the audit log is not the one that was written there.`);
  }
}

/** Says that the log is shorter than it was. */
export function toLostMessage(head: AuditHead): string {
  return `The audit log had ${head.seq} lines, and the last of them are missing.`;
}
