import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { auditBroken, toAuditFailure } from './audit-failure.ts';

/** Where the log ended when it was last appended to: what a cut-off tail is found out by. */
export interface AuditHead {
  readonly version: 1;
  /** Lines so far; 0 for an empty log. */
  readonly seq: number;
  /** SHA-256 of the last line, hexadecimal; 64 zeros for an empty log. */
  readonly hash: string;
  /** Bytes of the log, and where in it the last line begins. */
  readonly size: number;
  readonly lastLine: number;
}

/** What stands before the first line. */
export const emptyHead: AuditHead = { version: 1, seq: 0, hash: '0'.repeat(64), size: 0, lastLine: 0 };

/**
 * Reads the head.
 * INVARIANT: an empty log alone may have none: it is written before the first line, so that removing it hides nothing.
 * @param size bytes of the log
 * @throws BottleError `audit-broken` where it is missing or something else
 */
export async function readAuditHead(path: string, size: number): Promise<AuditHead> {
  // A pipe is not waited for: it reads as damaged.
  const flag = constants.O_RDONLY | constants.O_NONBLOCK;
  const text = await readFile(path, { encoding: 'utf8', flag }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw toAuditFailure(error, path);
  });
  if (text === null && size === 0) return emptyHead;
  const head = text === null ? null : parseHead(text);
  if (head === null)
    throw auditBroken(
      `The file ${path}, which says where the audit log ends, is ${text === null ? 'missing' : 'damaged'}.`,
    );
  return head;
}

/** Replaces the head, so that a crash leaves the one before or this one. */
export async function writeAuditHead(path: string, head: AuditHead): Promise<void> {
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await using file = await open(draft, flags, 0o600);
  await file.writeFile(`${JSON.stringify(head)}\n`);
  await file.sync();
  await rename(draft, path);
}

function parseHead(text: string): AuditHead | null {
  try {
    const { version, seq, hash, size, lastLine }: Partial<AuditHead> = JSON.parse(text);
    const isHash = typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
    if (version !== 1 || !isHash || !isCount(seq) || !isCount(size) || !isCount(lastLine)) return null;
    return { version, seq, hash, size, lastLine };
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
