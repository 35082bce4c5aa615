import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { toOutcome } from '../requests/outcome.ts';
import { kindTitles, toFields } from '../requests/proposal-text.ts';
import { toDuration } from './to-duration.ts';
import { toPrintable } from './to-printable.ts';

const labelColumns = 11;

/**
 * All that is known of a request, for a terminal. SECURITY: every text is printable, and each line of it but the first begins
 * under the text, so that none can be taken for a line of ours.
 */
export function toEntryText(entry: QueueEntry, nowMs: number): string {
  const { request, bottle, slug, status, decision, difference } = entry;
  const fields = [
    { label: 'bottle', text: `${bottle} (${slug})` },
    { label: 'asks for', text: kindTitles[request.proposal.kind] },
    ...toFields(request.proposal),
    { label: 'why', text: request.reason },
    { label: 'asked', text: toAskedText(entry, nowMs) },
    ...(decision === null ? [] : [{ label: 'note', text: decision.notes }]),
    { label: status === 'waiting' ? 'would make' : 'made', text: difference.join('\n') },
  ];
  const lines = fields.filter(({ text }) => text !== '').map(({ label, text }) => toField(label, text));
  return `${request.id} ${toPrintable(toOutcome(entry))}\n${lines.join('')}`;
}

/** A line of a label and a text, whose further lines are marked as such. */
export function toField(label: string, text: string): string {
  const [first = '', ...more] = text
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => toPrintable(line));
  const rest = more.map((line) => `${' '.repeat(labelColumns)}| ${line}\n`);
  return `${label.padEnd(labelColumns)}${more.length === 0 ? '' : '| '}${first}\n${rest.join('')}`;
}

function toAskedText({ request, status }: QueueEntry, nowMs: number): string {
  const age = `${toDuration(nowMs - Date.parse(request.createdAt))} ago`;
  const times = request.asked === 1 ? age : `${request.asked} times, first ${age}`;
  if (status !== 'waiting') return `${times}, by ${request.daemon}`;
  return `${times}, by ${request.daemon}; lapses in ${toDuration(Date.parse(request.expiresAt) - nowMs)}`;
}
