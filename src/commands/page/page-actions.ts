import type { Operator } from '../../approvals/operator.ts';
import { parseProposal } from '../../queue/parse-proposal.ts';
import { invalid, readObject, readText, readWholeNumber } from '../../queue/queue-fields.ts';
import { queueLimits } from '../../queue/queue-limits.ts';
import type { RequestId } from '../../queue/request.ts';
import { isRequestId } from '../../queue/request-id.ts';
import { parseEditText, toEditText } from '../requests/proposal-yaml.ts';
import type { EditAnswer, PreviewAnswer } from './page-messages.ts';

/** What the page can ask for by a POST, by the last part of its path; each takes JSON that is not trusted. */
export const pageActions: Readonly<Record<string, PageAction>> = { edit, preview, approve, reject, revoke };

/** @throws BottleError `request-invalid` for JSON that is not as it should be, and what the operator's side throws */
type PageAction = (operator: Operator, body: unknown, signal: AbortSignal) => Promise<object>;

const maxBottleLength = 64;
const maxEditLength = 128 * 1024;

async function edit(operator: Operator, body: unknown): Promise<EditAnswer> {
  const { id, bottle } = readTarget(readObject(body, 'the message', ['id', 'bottle']));
  const { request } = await operator.find(id, bottle);
  return { text: toEditText(request, request.proposal, []) };
}

async function preview(operator: Operator, body: unknown): Promise<PreviewAnswer> {
  const message = readObject(body, 'the message', ['id', 'bottle', 'proposal']);
  const { id, bottle } = readTarget(message);
  const entry = await operator.find(id, bottle);
  const proposal =
    typeof message.proposal === 'string'
      ? parseEditText(readText(message.proposal, 'proposal', 0, maxEditLength), entry.request.proposal.kind)
      : parseProposal(message.proposal);
  return { entry, proposal, difference: await operator.preview(entry, proposal) };
}

async function approve(operator: Operator, body: unknown, signal: AbortSignal): Promise<object> {
  const keys = ['id', 'bottle', 'notes', 'save', 'seenRevision', 'proposal'];
  const message = readObject(body, 'the message', keys);
  const save = readFlag(message.save, 'save');
  const answer = { ...readTarget(message), ...readAnswer(message, 0) };
  return await operator.approve({ ...answer, save, proposal: parseProposal(message.proposal) }, signal);
}

async function reject(operator: Operator, body: unknown, signal: AbortSignal): Promise<object> {
  const message = readObject(body, 'the message', ['id', 'bottle', 'notes', 'seenRevision']);
  return await operator.reject({ ...readTarget(message), ...readAnswer(message, 1) }, signal);
}

async function revoke(operator: Operator, body: unknown, signal: AbortSignal): Promise<object> {
  const { id, bottle } = readTarget(readObject(body, 'the message', ['id', 'bottle']));
  return await operator.revoke(id, bottle, signal);
}

function readTarget(message: Record<string, unknown>): { readonly id: RequestId; readonly bottle: string } {
  const id = readText(message.id, 'id', 1, maxBottleLength);
  if (!isRequestId(id)) throw invalid("id must be a request's id");
  return { id, bottle: readText(message.bottle, 'bottle', 1, maxBottleLength) };
}

function readAnswer(
  message: Record<string, unknown>,
  least: number,
): { readonly notes: string; readonly seenRevision: number } {
  return {
    notes: readText(message.notes, 'notes', least, queueLimits.maxNotesLength),
    seenRevision: readWholeNumber(message.seenRevision, 'seenRevision', 0, Number.MAX_SAFE_INTEGER),
  };
}

function readFlag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw invalid(`${at} must be true or false`);
  return value;
}
