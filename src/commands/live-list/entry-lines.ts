import type { QueueEntry } from '../../approvals/queue-entry.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { toEdited, toOutcome } from '../requests/outcome.ts';
import { kindTitles, toFields, toSummary } from '../requests/proposal-text.ts';
import { toDuration } from '../text/to-duration.ts';
import { toPrintable } from '../text/to-printable.ts';
import { wrapText } from './display-width.ts';
import type { ApproveMode } from './list-state.ts';
import { type Line, plainLine } from './styled-line.ts';

const labelColumns = 11;

/** All that is known of a request, and the difference it makes. */
export function toEntryLines(entry: QueueEntry, columns: number, nowMs: number): readonly Line[] {
  const changes = entry.status === 'waiting' ? 'would change' : 'changed';
  return [...toRequestLines(entry, columns, nowMs), ...toDifferenceLines(entry.difference, changes, columns)];
}

/** What is known of a request, broken to `columns`. SECURITY: every text is printable and stays right of its label. */
function toRequestLines(entry: QueueEntry, columns: number, nowMs: number): readonly Line[] {
  const { request, bottle, slug } = entry;
  const edited = toEdited(entry);
  return [
    ...toTitle(`${request.id} of ${bottle} (${slug}) asks for ${kindTitles[request.proposal.kind]}`, columns),
    ...toProposalLines(request.proposal, columns),
    ...toField('why', request.reason === '' ? '(no reason given)' : request.reason, columns),
    ...toField('asked', toAsked(entry, nowMs), columns),
    ...toField('now', toPrintable(toStanding(entry, nowMs)), columns),
    ...(edited === null ? [] : toField('as edited', toSummary(edited), columns)),
    ...(entry.decision === null || entry.decision.notes === ''
      ? []
      : toField('note', entry.decision.notes, columns)),
  ];
}

/** The question whether to approve: first the difference it makes, then what was asked for. */
export function toApprovalLines(shown: ApproveMode, columns: number, nowMs: number): readonly Line[] {
  const { entry, proposal, difference, notes } = shown;
  const edited = proposal !== entry.request.proposal;
  return [
    ...toTitle(`Approve ${entry.request.id} of ${entry.bottle}${edited ? ', as edited' : ''}?`, columns),
    ...toDifferenceLines(difference, 'would change', columns),
    ...(notes === '' ? [] : toField('your note', notes, columns)),
    ...(edited ? [blank, plainLine('As edited:', 'dim'), ...toProposalLines(proposal, columns)] : []),
    blank,
    ...toRequestLines(entry, columns, nowMs),
  ];
}

/** The question whether to take a grant back. */
export function toRevocationLines(entry: QueueEntry, columns: number, nowMs: number): readonly Line[] {
  return [
    ...toTitle(`Take ${entry.request.id} back from ${entry.bottle}?`, columns),
    ...wrapText('Connections that use it are cut at once.', columns).map((text) => plainLine(text, 'plain')),
    blank,
    ...toEntryLines(entry, columns, nowMs),
  ];
}

const blank = plainLine('', 'plain');

function toTitle(text: string, columns: number): readonly Line[] {
  return wrapText(toPrintable(text), columns).map((line) => plainLine(line, 'title'));
}

/** What a proposal says, a line or more each field. */
function toProposalLines(proposal: Proposal, columns: number): readonly Line[] {
  return toFields(proposal).flatMap(({ label, text }) => toField(label, text, columns));
}

/** The difference to the policy: what goes and what comes, apart from each other by sign and colour. */
function toDifferenceLines(difference: readonly string[], changes: string, columns: number): readonly Line[] {
  if (difference.length === 0) return [plainLine(`It ${changes} nothing in the policy.`, 'dim')];
  return [
    plainLine(`It ${changes} the policy:`, 'dim'),
    ...difference.flatMap((line) => {
      const tone = line.startsWith('+') ? 'add' : line.startsWith('-') ? 'remove' : 'plain';
      return wrapText(toPrintable(line), Math.max(1, columns - 4)).map((text, index) =>
        plainLine(`  ${index === 0 ? '' : '  '}${text}`, tone),
      );
    }),
  ];
}

/** SECURITY: each line of a text begins right of the label's column, so none can look like a line of ours. */
function toField(label: string, text: string, columns: number): readonly Line[] {
  const indent = columns > labelColumns * 3 ? labelColumns : 2;
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/\n+$/, '')
    .split('\n')
    .flatMap((line) => wrapText(toPrintable(line.replaceAll('\t', '    ')), Math.max(1, columns - indent)));
  const head: Line = [{ text: label.padEnd(indent), tone: 'dim' }];
  if (indent < labelColumns)
    return [head, ...lines.map((line) => plainLine(`${' '.repeat(indent)}${line}`, 'plain'))];
  return lines.map((line, index) => [
    ...(index === 0 ? head : [{ text: ' '.repeat(indent), tone: 'plain' } as const]),
    { text: line, tone: 'plain' },
  ]);
}

function toAsked({ request }: QueueEntry, nowMs: number): string {
  const ago = toDuration(nowMs - Date.parse(request.createdAt));
  return request.asked === 1 ? `once, ${ago} ago` : `${request.asked} times, first ${ago} ago`;
}

function toStanding(entry: QueueEntry, nowMs: number): string {
  if (entry.status !== 'waiting') return toOutcome(entry);
  return `waits; lapses in ${toDuration(Date.parse(entry.request.expiresAt) - nowMs)}`;
}
