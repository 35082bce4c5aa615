import { emptyHead } from './audit-head.ts';
import type { AuditLine } from './audit-lines.ts';

/** The line before, as far as the next one depends on it. */
export interface ChainEnd {
  /** Its number. */
  readonly seq: number;
  readonly hash: string;
  /** How many lines up to it a crash cut short, without a `log-repaired` that says so. */
  readonly cut: number;
}

/** Before the first line. */
export const chainStart: ChainEnd = { seq: emptyHead.seq, hash: emptyHead.hash, cut: 0 };

/** Whether a line follows from the one before: the chain's new end, or one plain sentence about what is wrong. */
export type ChainCheck =
  | { readonly kind: 'follows'; readonly end: ChainEnd }
  | { readonly kind: 'broken'; readonly message: string };

/**
 * Checks one line against the line before. INVARIANT: a line that was changed, removed, moved or put in makes this fail at it or
 * at the next one; lines that a crash cut short are accepted only with a `log-repaired` after them.
 */
export function checkChain(before: ChainEnd, line: AuditLine): ChainCheck {
  const { number, hash, content } = line;
  if (content.kind === 'torn') return { kind: 'follows', end: { seq: number, hash, cut: before.cut + 1 } };
  if (content.kind === 'foreign') return broken(`Line ${number} of the audit log is none of bottle's.`);
  const { seq, prev, event } = content.entry;
  if (seq !== number) {
    return broken(
      `Line ${number} of the audit log has the number ${seq}: lines were removed, put in or moved.`,
    );
  }
  if (prev !== before.hash) {
    return broken(
      `Line ${number} of the audit log does not follow from the line before: one of them was changed.`,
    );
  }
  const said = event === 'log-repaired' ? content.entry.lines : 0;
  if (said !== before.cut) {
    return broken(`Line ${number} of the audit log follows a line that is no JSON: that one was changed.`);
  }
  return { kind: 'follows', end: { seq: number, hash, cut: 0 } };
}

function broken(message: string): ChainCheck {
  return { kind: 'broken', message };
}
