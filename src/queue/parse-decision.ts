import { parseProposal } from './parse-proposal.ts';
import { toProposalKey } from './proposal-key.ts';
import {
  invalid,
  readChoice,
  readNullable,
  readText,
  readTime,
  readVersionedObject,
  readWholeNumber,
} from './queue-fields.ts';
import { queueLimits } from './queue-limits.ts';
import type { Decision, QueueRequest, RequestId } from './request.ts';
import { parseRequestId } from './request-id.ts';

const keys = ['id', 'status', 'notes', 'operator', 'decidedAt', 'proposal', 'revision'];

/**
 * Makes a decision from the text of its file.
 * @param id the id in the file's name
 * @throws BottleError `request-invalid`
 */
export function parseDecision(text: string, id: RequestId): Decision {
  const record = readVersionedObject(text, 'the decision', keys);
  // INVARIANT: a decision answers the request its file is named after.
  if (parseRequestId(record.id, 'id') !== id) throw invalid('the id is not that of the file');
  const status = readChoice(record.status, 'status', ['approved', 'rejected']);
  const proposal = readNullable(record.proposal, 'proposal', parseProposal);
  if ((status === 'approved') !== (proposal !== null)) {
    throw invalid('an approval has a proposal and a rejection has none');
  }
  return {
    version: 1,
    id,
    status,
    notes: readText(record.notes, 'notes', 0, queueLimits.maxNotesLength),
    operator: readText(record.operator, 'operator', 1, queueLimits.maxOperatorLength),
    decidedAt: readTime(record.decidedAt, 'decidedAt'),
    proposal,
    revision: readNullable(record.revision, 'revision', (value, at) =>
      readWholeNumber(value, at, 0, Number.MAX_SAFE_INTEGER),
    ),
  };
}

/** The text of a decision's file. */
export function toDecisionText(decision: Decision): string {
  return `${JSON.stringify(decision, null, 2)}\n`;
}

/**
 * Whether a decision can be an answer to a request. SECURITY: what was approved is of the kind that was asked for, and a push
 * is approved as it was shown or not at all.
 */
export function isAnswerTo(decision: Decision, request: QueueRequest): boolean {
  if (decision.id !== request.id) return false;
  if (decision.proposal === null) return true;
  if (decision.proposal.kind !== request.proposal.kind) return false;
  return (
    request.proposal.kind !== 'push' || toProposalKey(decision.proposal) === toProposalKey(request.proposal)
  );
}
