import type { FileHandle } from 'node:fs/promises';
import type { AuditHead } from './audit-head.ts';
import { readAuditLines } from './audit-lines.ts';
import { type ChainEnd, chainStart, checkChain } from './check-chain.ts';
import { toLostMessage } from './settle-audit-tail.ts';

/** What a look at every line found. */
export type AuditVerdict =
  | {
      readonly kind: 'intact';
      readonly lines: number;
      /** Of the last line; kept elsewhere, it proves the log up to here. 64 zeros for an empty log. */
      readonly hash: string;
      /** What a crash left and the next append puts right, or null. */
      readonly note: string | null;
    }
  /** `message` names the first line that does not follow from the one before. */
  | { readonly kind: 'broken'; readonly message: string };

/** Checks every line of the log and where it ends. Called under the log's lock. */
export async function verifyAuditLines(file: FileHandle, head: AuditHead): Promise<AuditVerdict> {
  let chain: ChainEnd = chainStart;
  let unended = false;
  for await (const line of readAuditLines(file)) {
    const check = checkChain(chain, line);
    if (check.kind === 'broken') return check;
    chain = check.end;
    unended = !line.ended;
    if (line.number === head.seq && line.hash !== head.hash) {
      return {
        kind: 'broken',
        message: `Line ${line.number} of the audit log was changed after it was written.`,
      };
    }
  }
  if (chain.seq < head.seq) return { kind: 'broken', message: toLostMessage(head) };
  return { kind: 'intact', lines: chain.seq, hash: chain.hash, note: toNote(chain, head, unended) };
}

function toNote(chain: ChainEnd, head: AuditHead, unended: boolean): string | null {
  if (chain.cut > 0 || unended) return 'A crash cut the last line short; the next line written will say so.';
  const ahead = chain.seq - head.seq;
  return ahead === 0
    ? null
    : `A crash came after the last ${ahead === 1 ? 'line was' : `${ahead} lines were`} written; nothing is missing.`;
}
