import type { Operator } from '../../approvals/operator.ts';
import type { QueueEntry } from '../../approvals/queue-entry.ts';
import { BottleError } from '../../errors.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { isEmptyEdit, parseEditText, toEditText, withProblem } from '../requests/proposal-yaml.ts';

/** Lets the operator change a text; resolves with what is in the file when the editor has ended. */
export type Editor = (text: string) => Promise<string>;

/** A changed proposal, with the difference that approving it would make. */
export interface EditedProposal {
  readonly proposal: Proposal;
  readonly difference: readonly string[];
}

const advice = ['Save it and leave the editor to see the difference. An empty file approves nothing.'];

/**
 * Puts a proposal into the operator's editor, again and again until it is one that can be approved: each time what is wrong
 * stands in its first line. Null when the operator gave up: the text is empty, or came back wrong and unchanged.
 * @throws BottleError of the editor or of the operator's side
 */
export async function editProposal(
  entry: QueueEntry,
  proposal: Proposal,
  operator: Operator,
  edit: Editor,
): Promise<EditedProposal | null> {
  let offered = toEditText(entry.request, proposal, advice);
  for (let round = 0; ; round += 1) {
    const text = await edit(offered);
    if (isEmptyEdit(text) || (round > 0 && text === offered)) return null;
    try {
      const edited = parseEditText(text, proposal.kind);
      return { proposal: edited, difference: await operator.preview(entry, edited) };
    } catch (error) {
      if (!(error instanceof BottleError) || error.code !== 'request-invalid') throw error;
      offered = withProblem(text, error.message);
    }
  }
}
