import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAnswerTo, parseDecision, toDecisionText } from '../../../src/queue/parse-decision.ts';
import { anyRequest, decisionOf, pushProposal, queueRequest, routeProposal } from './any-proposal.ts';

const request = queueRequest();
const rejection = decisionOf(request, { status: 'rejected', proposal: null, revision: null });

describe('a decision file', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyRequest, fc.boolean(), (asked, approved) => {
        const decision = approved ? decisionOf(asked) : { ...rejection, id: asked.id };
        expect(parseDecision(toDecisionText(decision), asked.id)).toEqual(decision);
        expect(isAnswerTo(decision, asked)).toBe(true);
      }),
    );
  });

  it('may name a credential: an operator wrote it', () => {
    const decision = decisionOf(request, { proposal: routeProposal({ credentialOf: 'egress.routes[0]' }) });
    expect(parseDecision(toDecisionText(decision), request.id)).toEqual(decision);
  });

  it.each([
    ['no JSON', '{"version": 1'],
    ['another id than its name', toDecisionText(decisionOf(request, { id: 'req-ffffffff' }))],
    ['an approval of nothing', toDecisionText(decisionOf(request, { proposal: null }))],
    ['a rejection of something', toDecisionText({ ...rejection, proposal: request.proposal })],
    ['no status', JSON.stringify({ ...rejection, status: 'lapsed' })],
    ['nobody', toDecisionText({ ...rejection, operator: '' })],
    ['a revision below 0', toDecisionText(decisionOf(request, { revision: -1 }))],
    ['endless notes', toDecisionText({ ...rejection, notes: 'x'.repeat(8193) })],
  ])('is refused: %s', (_case, text) => {
    expect(() => parseDecision(text, request.id)).toThrow(
      expect.objectContaining({ code: 'request-invalid' }),
    );
  });

  it('is never taken when it is cut short, at whatever byte', () => {
    const text = toDecisionText(decisionOf(request));
    for (let length = 0; length < text.length - 1; length += 1) {
      expect(() => parseDecision(text.slice(0, length), request.id)).toThrow('not JSON');
    }
  });
});

describe('isAnswerTo', () => {
  const capability = { kind: 'capability', capability: 'x' } as const;
  const push = queueRequest({ daemon: 'git-gate', proposal: pushProposal() });
  const otherPush = pushProposal({
    updates: [{ ref: 'refs/heads/main', old: '0'.repeat(40), new: 'b'.repeat(40), change: 'create' }],
  });

  it.each([
    ['an edited route', request, decisionOf(request, { proposal: routeProposal({ methods: null }) }), true],
    ['another request', request, decisionOf(request, { id: 'req-ffffffff' }), false],
    ['a route for a push', push, decisionOf(push, { proposal: routeProposal() }), false],
    ['a word for a route', request, decisionOf(request, { proposal: capability }), false],
    ['a push as shown', push, decisionOf(push), true],
    ['a push of something else', push, decisionOf(push, { proposal: otherPush }), false],
  ])('says whether it can be one: %s', (_case, asked, decision, expected) => {
    expect(isAnswerTo(decision, asked)).toBe(expected);
  });
});
