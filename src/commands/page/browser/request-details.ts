import type { QueueEntry } from '../../../approvals/queue-entry.ts';
import { toEdited, toOutcome } from '../../requests/outcome.ts';
import { kindTitles, toFields, toSummary } from '../../requests/proposal-text.ts';
import { isEditable, isRevocable } from '../../requests/what-fits.ts';
import { toDuration } from '../../text/to-duration.ts';
import { create, find, show, showDifference } from './dom.ts';

const details = find('details', HTMLElement);
const title = find('details-title', HTMLElement);
const fields = find('fields', HTMLElement);
const differenceTitle = find('difference-title', HTMLElement);
const difference = find('difference', HTMLElement);
const buttons = {
  approve: find('approve', HTMLButtonElement),
  edit: find('edit', HTMLButtonElement),
  reject: find('reject', HTMLButtonElement),
  revoke: find('revoke', HTMLButtonElement),
};

/** What can be done with a request. */
export type DetailsAction = keyof typeof buttons;

/** Calls back when one of the buttons is used. */
export function onAction(act: (action: DetailsAction) => void): void {
  for (const action of ['approve', 'edit', 'reject', 'revoke'] as const) {
    buttons[action].addEventListener('click', () => act(action));
  }
}

/** Shows all of one request, or nothing. */
export function showDetails(entry: QueueEntry | null, nowMs: number): void {
  details.hidden = entry === null;
  if (entry === null) return;
  const { request, bottle, slug, status } = entry;
  const edited = toEdited(entry);
  show(title, `${request.id} of ${bottle} asks for ${kindTitles[request.proposal.kind]}`);
  const shown = [
    ...toFields(request.proposal).map(({ label, text }) => [label, text]),
    ['why', request.reason === '' ? '(no reason given)' : request.reason],
    ['asked', toAsked(entry, nowMs)],
    ['now', toNow(entry, nowMs)],
    ...(edited === null ? [] : [['as edited', toSummary(edited)]]),
    ...(entry.decision === null || entry.decision.notes === '' ? [] : [['note', entry.decision.notes]]),
    ['instance', slug],
  ];
  showFields(shown);
  const changes = status === 'waiting' ? 'would change' : 'changed';
  show(differenceTitle, toDifferenceTitle(entry.difference, changes));
  showDifference(difference, entry.difference);
  buttons.approve.hidden = status !== 'waiting';
  buttons.reject.hidden = status !== 'waiting';
  buttons.edit.hidden = !isEditable(entry);
  buttons.revoke.hidden = !isRevocable(entry);
}

/** What stands above a difference. */
export function toDifferenceTitle(lines: readonly string[], changes: string): string {
  return lines.length === 0 ? `It ${changes} nothing in the policy.` : `It ${changes} the policy:`;
}

/** Changed in place: a text that somebody has selected stays so while the time goes on. */
function showFields(shown: readonly (readonly string[])[]): void {
  while (fields.children.length > shown.length * 2) fields.lastElementChild?.remove();
  for (const [place, [label = '', text = '']] of shown.entries()) {
    const [term, value] = [fields.children[place * 2], fields.children[place * 2 + 1]];
    if (term instanceof HTMLElement && value instanceof HTMLElement) {
      show(term, label);
      show(value, text, { lines: true });
    } else fields.append(create('dt', label), create('dd', text, { lines: true }));
  }
}

function toAsked({ request }: QueueEntry, nowMs: number): string {
  const ago = toDuration(nowMs - Date.parse(request.createdAt));
  return request.asked === 1 ? `once, ${ago} ago` : `${request.asked} times, first ${ago} ago`;
}

function toNow(entry: QueueEntry, nowMs: number): string {
  if (entry.status !== 'waiting') return toOutcome(entry);
  return `waits; lapses in ${toDuration(Date.parse(entry.request.expiresAt) - nowMs)}`;
}
