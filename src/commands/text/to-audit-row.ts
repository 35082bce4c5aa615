import type { AuditEntry } from '../../host/audit/audit-entry.ts';
import { toSummary } from '../requests/proposal-text.ts';
import { cutText } from './cut-text.ts';

/** The heads of {@link toAuditRow}'s columns. */
export const auditColumns = ['TIME', 'BOTTLE', 'EVENT', 'REQUEST', 'BY', 'WHAT'];

const maxTextLength = 200;

/** One entry of the audit log as a row of a table; a guest's words in it are for the table to make printable. */
export function toAuditRow(entry: AuditEntry): readonly string[] {
  const { time, bottle, event, operator } = entry;
  const request = 'request' in entry ? entry.request : '-';
  return [
    time,
    bottle === '' ? '-' : bottle,
    event,
    request,
    operator,
    cutText(toWhat(entry), maxTextLength),
  ];
}

function toWhat(entry: AuditEntry): string {
  switch (entry.event) {
    case 'proposed':
      return `${entry.proposal.kind}: ${toSummary(entry.proposal)}`;
    case 'decided':
      return entry.notes === '' ? entry.status : `${entry.status}: ${entry.notes}`;
    case 'lapsed':
      return `nobody answered until ${entry.lapsedAt}`;
    case 'policy-changed':
      return `${entry.cause}, revision ${entry.revision}: ${entry.difference.join('; ')}`;
    case 'policy-refused':
      return `${entry.cause}: ${entry.message}`;
    case 'manifest-changed':
      return `${entry.file}: ${entry.difference.join('; ')}`;
    case 'interrupted':
      return `${entry.cause}: ${entry.outcome}`;
    case 'queue-garbage':
      return `${entry.file}: ${entry.message}`;
    case 'log-repaired':
      return `a crash cut ${entry.lines} ${entry.lines === 1 ? 'line' : 'lines'} short`;
  }
}
