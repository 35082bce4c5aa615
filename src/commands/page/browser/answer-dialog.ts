import type { QueueEntry } from '../../../approvals/queue-entry.ts';
import type { Proposal } from '../../../queue/proposal.ts';
import { isSavable } from '../../requests/what-fits.ts';
import { find, show, showDifference } from './dom.ts';
import { toDifferenceTitle } from './request-details.ts';

const dialog = find('dialog', HTMLDialogElement);
const form = find('form', HTMLFormElement);
const confirm = find('confirm', HTMLButtonElement);
const proposalText = find('proposal', HTMLTextAreaElement);
const notes = find('notes', HTMLTextAreaElement);
const save = find('save', HTMLInputElement);
const problem = find('problem', HTMLElement);

/** What is approved when it is confirmed. */
interface Shown {
  readonly entry: QueueEntry;
  readonly proposal: Proposal;
  readonly difference: readonly string[];
}

/** One question to the operator, and what happens by the answer. */
export interface Question {
  readonly entry: QueueEntry;
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  /** The difference it makes; null where it makes none that is shown. */
  readonly shown: Shown | null;
  /** The text to edit, with what finds out the difference that it makes; null where nothing is edited. */
  readonly edit: { readonly text: string; readonly preview: (text: string) => Promise<Shown> } | null;
  readonly notes: 'none' | 'may' | 'must';
  /** Does what was asked. What it returns is asked next; null closes. It throws what is to be told. */
  readonly act: (answer: DialogAnswer) => Promise<Question | null>;
}

export interface DialogAnswer {
  readonly shown: Shown | null;
  readonly notes: string;
  readonly save: boolean;
}

const previewDelayMs = 250;

let question: Question | null = null;
let shown: Shown | null = null;
let pending: ReturnType<typeof setTimeout> | undefined;

/** INVARIANT: what the operator confirms is what the dialog shows: it does not change under their hands. */
export function ask(next: Question, kept: { readonly notes: string } = { notes: '' }): void {
  question = next;
  show(find('dialog-title', HTMLElement), next.title);
  show(find('dialog-text', HTMLElement), next.text);
  show(confirm, next.confirm);
  show(problem, '');
  proposalText.hidden = next.edit === null;
  find('proposal-label', HTMLElement).hidden = next.edit === null;
  proposalText.value = next.edit?.text ?? '';
  notes.hidden = next.notes === 'none';
  notes.required = next.notes === 'must';
  notes.value = kept.notes;
  find('notes-label', HTMLElement).hidden = next.notes === 'none';
  save.checked = false;
  showChange(next.shown);
  if (!dialog.open) dialog.showModal();
  (next.edit !== null ? proposalText : next.notes === 'must' ? notes : confirm).focus();
}

/** The request that is asked about, while something is. */
export function askedEntry(): QueueEntry | null {
  return dialog.open ? (question?.entry ?? null) : null;
}

export function closeDialog(): void {
  clearTimeout(pending);
  question = null;
  dialog.close();
}

function showChange(next: Shown | null): void {
  shown = next;
  find('dialog-change', HTMLElement).hidden = next === null;
  find('save-label', HTMLElement).hidden = next === null || !isSavable(next.proposal);
  show(
    find('dialog-difference-title', HTMLElement),
    toDifferenceTitle(next?.difference ?? [], 'would change'),
  );
  showDifference(find('dialog-difference', HTMLElement), next?.difference ?? []);
  confirm.disabled = question?.edit !== null && next === null;
}

proposalText.addEventListener('input', () => {
  const edit = question?.edit ?? null;
  if (edit === null) return;
  // What was shown is not what would be approved any more.
  showChange(null);
  show(problem, '');
  clearTimeout(pending);
  pending = setTimeout(async () => {
    const text = proposalText.value;
    const isCurrent = () => dialog.open && question?.edit === edit && proposalText.value === text;
    try {
      const next = await edit.preview(text);
      if (isCurrent()) showChange(next);
    } catch (error) {
      if (isCurrent()) show(problem, error instanceof Error ? error.message : String(error));
    }
  }, previewDelayMs);
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const asked = question;
  if (asked === null || confirm.disabled) return;
  const answer = { shown, notes: notes.value.trim(), save: save.checked };
  if (asked.notes === 'must' && answer.notes === '') {
    show(problem, 'The agent needs a reason: write a few words.');
    return;
  }
  confirm.disabled = true;
  show(problem, '');
  try {
    const next = await asked.act(answer);
    if (question !== asked) return;
    if (next === null) closeDialog();
    else ask(next, answer);
  } catch (error) {
    if (question === asked) show(problem, error instanceof Error ? error.message : String(error));
  } finally {
    if (question === asked) confirm.disabled = asked.edit !== null && shown === null;
  }
});

find('cancel', HTMLButtonElement).addEventListener('click', closeDialog);
dialog.addEventListener('close', () => {
  clearTimeout(pending);
  question = null;
});
