import type { Proposal } from '../../queue/proposal.ts';
import { toProposalKey } from '../../queue/proposal-key.ts';
import type { QueueAnswer, RequestQueue } from '../daemon/request-queue.ts';
import { createRecentRejections } from './recent-rejections.ts';
import { toRouteText } from './route-text.ts';

/** What an agent gets for an answer. */
export interface OperatorAnswer {
  readonly status: 'approved' | 'rejected';
  readonly notes: string;
}

/**
 * Asks, and waits. Resolves with the operator's answer, with a sentence where nobody was asked, or with null when `signal` aborts. The
 * request outlives that: who asks the same again gets its answer.
 */
export type AskOperator = (
  proposal: Proposal,
  reason: string,
  signal: AbortSignal,
) => Promise<OperatorAnswer | string | null>;

/** @param now milliseconds since the epoch */
export function createAskOperator(queue: RequestQueue, now: () => number): AskOperator {
  const rejections = createRecentRejections();
  return async (proposal, reason, signal) => {
    const rejected = rejections.find(proposal, now());
    if (rejected !== null) {
      const again = 'The same was rejected a few minutes ago, so the operator was not asked again.';
      return { status: 'rejected', notes: [rejected, again].filter((text) => text !== '').join(' ') };
    }
    const outcome = await queue.ask(proposal, reason);
    if (outcome.kind === 'refused') return outcome.message;
    const answer = await untilAborted(outcome.answer, signal);
    if (answer === null) return null;
    if (answer.kind === 'decided' && answer.decision.status === 'rejected') {
      rejections.add(proposal, answer.decision.notes, now());
    }
    return toOperatorAnswer(answer);
  };
}

async function untilAborted(answer: Promise<QueueAnswer>, signal: AbortSignal): Promise<QueueAnswer | null> {
  const aborted = Promise.withResolvers<null>();
  const abort = () => aborted.resolve(null);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function toOperatorAnswer(answer: QueueAnswer): OperatorAnswer {
  if (answer.kind === 'lapsed') {
    const notes =
      'Nobody answered in time, which is a refusal. Go on without it, or ask again if you cannot.';
    return { status: 'rejected', notes };
  }
  const { decision, request } = answer;
  if (decision.proposal === null) return { status: 'rejected', notes: decision.notes };
  // The operator's own words alone, unless there are none or what was approved is something else.
  const isAsAsked = toProposalKey(decision.proposal) === toProposalKey(request.proposal);
  const effect = isAsAsked && decision.notes !== '' ? '' : toEffectText(decision.proposal);
  return {
    status: 'approved',
    notes: [decision.notes, effect].filter((text) => text !== '').join(' '),
  };
}

function toEffectText(proposal: Proposal): string {
  switch (proposal.kind) {
    case 'route': {
      const credential = proposal.credentialOf === null ? '' : ' A credential is added on the way out.';
      return `Allowed from now on: ${toRouteText(proposal)}.${credential}`;
    }
    case 'exemption':
      return `Passes from now on: ${proposal.rule} on ${proposal.route}.`;
    default:
      return '';
  }
}
