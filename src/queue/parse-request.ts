import { parseProposal } from './parse-proposal.ts';
import type { Proposal } from './proposal.ts';
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
import type { QueueDaemon, QueueRequest, RequestId } from './request.ts';
import { parseRequestId } from './request-id.ts';

const keys = ['id', 'daemon', 'createdAt', 'expiresAt', 'asked', 'reason', 'proposal', 'lapsedAt'];

/** What a daemon may ask for. */
const kindsOf: Readonly<Record<QueueDaemon, readonly Proposal['kind'][]>> = {
  supervise: ['route', 'exemption', 'capability'],
  'git-gate': ['push'],
};

/**
 * Makes a request from the text of its file. SECURITY: the text is a guest's in part, and a daemon's that may have fallen.
 * @param place where the file lies: its queue's daemon, and the id in its name
 * @throws BottleError `request-invalid` with a sentence that quotes nothing of the text
 */
export function parseRequest(
  text: string,
  place: { readonly daemon: QueueDaemon; readonly id: RequestId },
): QueueRequest {
  const record = readVersionedObject(text, 'the request', keys);
  // INVARIANT: a request is the one its file's place says: no daemon speaks for another, no file for a second request.
  if (parseRequestId(record.id, 'id') !== place.id) throw invalid('the id is not that of the file');
  const daemon = readChoice(record.daemon, 'daemon', [place.daemon]);
  const proposal = parseProposal(record.proposal);
  if (!kindsOf[daemon].includes(proposal.kind)) {
    throw invalid(`${daemon} cannot ask for a proposal of kind ${proposal.kind}`);
  }
  // SECURITY: which credential goes where is the operator's to say.
  if (proposal.kind === 'route' && proposal.credentialOf !== null) {
    throw invalid('a request may not name a credential');
  }
  return {
    version: 1,
    id: place.id,
    daemon,
    createdAt: readTime(record.createdAt, 'createdAt'),
    expiresAt: readTime(record.expiresAt, 'expiresAt'),
    asked: readWholeNumber(record.asked, 'asked', 1, Number.MAX_SAFE_INTEGER),
    reason: readText(record.reason, 'reason', 0, queueLimits.maxReasonLength),
    proposal,
    lapsedAt: readNullable(record.lapsedAt, 'lapsedAt', readTime),
  };
}

/** The text of a request's file. */
export function toRequestText(request: QueueRequest): string {
  return `${JSON.stringify(request, null, 2)}\n`;
}
