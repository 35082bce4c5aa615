import type { AuditEntry } from './audit-entry.ts';

/**
 * What a line of the log is: an entry; what a crash cut short, which is no whole JSON; or a whole object that bottle did not
 * write, which no crash can leave.
 */
export type AuditLineContent =
  | { readonly kind: 'entry'; readonly entry: AuditEntry }
  | { readonly kind: 'torn' }
  | { readonly kind: 'foreign' };

/** Reads one line. Whether it is in its place is for `checkChain` to say. */
export function parseAuditLine(text: string): AuditLineContent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'torn' };
  }
  return isEntry(value) ? { kind: 'entry', entry: value } : { kind: 'foreign' };
}

/** Checks what all entries have. What one event has besides was written by us, if the line is in its place. */
function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { version, seq, prev, event, time, bottle, slug, operator }: Partial<Record<string, unknown>> = {
    ...value,
  };
  const texts = [prev, event, time, bottle, slug, operator];
  return version === 1 && Number.isSafeInteger(seq) && texts.every((text) => typeof text === 'string');
}
