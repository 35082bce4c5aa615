import { describe, expect, it } from 'vitest';
import type { RouteProposal } from '../../../../src/queue/proposal.ts';
import { type AskingTool, type CallFacts, parseCall } from '../../../../src/sidecars/supervise/parse-call.ts';
import { routeProposal } from '../../queue/any-proposal.ts';

const facts: CallFacts = {
  rules: {
    routes: [
      { ...routeProposal(), id: 'egress.routes[0]', credential: true, exempt: ['TOKEN_A'] },
      { ...routeProposal({ host: 'b.example' }), id: 'grant:req-00000001', credential: false, exempt: [] },
    ],
    allowPrivate: ['10.1.0.0/16'],
  },
  exemptible: ['TOKEN_A', 'TOKEN_B'],
  maxTextLength: 100,
};
const parse = (tool: AskingTool, given: Record<string, unknown>, changes: Partial<CallFacts> = {}) =>
  parseCall(tool, { reason: 'x', ...given }, { ...facts, ...changes });

describe('parseCall', () => {
  it.each<[string, Record<string, unknown>, Partial<RouteProposal>]>([
    ['a host alone', { host: 'C.example' }, { host: 'c.example', methods: ['GET', 'HEAD'] }],
    [
      'plain HTTP',
      { host: 'c.example', scheme: 'http' },
      { host: 'c.example', scheme: 'http', port: 80, methods: ['GET', 'HEAD'] },
    ],
    [
      'a port',
      { host: 'c.example', port: 8443, methods: ['POST'] },
      { host: 'c.example', port: 8443, methods: ['POST'] },
    ],
    ['any method', { host: 'c.example', methods: null }, { host: 'c.example', methods: null }],
    [
      'paths',
      { host: 'c.example', methods: ['get'], paths: ['/a/**'] },
      { host: 'c.example', paths: ['/a/**'] },
    ],
    ['a public address', { host: '8.8.8.8', methods: ['GET'] }, { host: '8.8.8.8' }],
    ['a private address of an allowed range', { host: '10.1.2.3', methods: ['GET'] }, { host: '10.1.2.3' }],
  ])('makes a route of %s', (_case, given, expected) => {
    expect(parse('egress-block', given)).toEqual({
      kind: 'ask',
      proposal: routeProposal(expected),
      reason: 'x',
    });
  });

  it.each([
    ['a route that is there', 'egress-block', { host: 'api.example.com', methods: ['GET'] }],
    ['an exemption that is there', 'pipelock-block', { route: 'egress.routes[0]', rule: 'TOKEN_A' }],
  ] as const)('asks nobody for %s', (_case, tool, given) => {
    expect(parse(tool, given)).toEqual({ kind: 'allowed' });
  });

  it('makes an exemption, also for a granted route', () => {
    const given = { route: 'grant:req-00000001', rule: 'TOKEN_B' };
    expect(parse('pipelock-block', given)).toEqual({
      kind: 'ask',
      proposal: { kind: 'exemption', ...given },
      reason: 'x',
    });
  });

  it.each([
    ['a credential', 'egress-block', { host: 'c.example', credentialOf: 'egress.routes[0]' }, 'nothing else'],
    ['no host', 'egress-block', {}, 'host must be'],
    ['loopback', 'egress-block', { host: '127.0.0.1' }, 'loopback'],
    ['the metadata of a cloud', 'egress-block', { host: '169.254.169.254' }, 'cloud metadata'],
    ['loopback in disguise', 'egress-block', { host: '::ffff:127.0.0.1' }, 'not of the public internet'],
    ['a private address of another range', 'egress-block', { host: '10.2.0.1' }, 'private network'],
    ['a method that is none', 'egress-block', { host: 'c.example', methods: [7] }, 'methods[0] must be'],
    [
      'methods that are none',
      'egress-block',
      { host: 'c.example', methods: 'GET' },
      'methods must be a list',
    ],
    ['a tunnel', 'egress-block', { host: 'c.example', methods: ['connect'] }, 'no bottle lets through'],
    [
      'a route that is not there',
      'pipelock-block',
      { route: 'egress.routes[7]', rule: 'TOKEN_A' },
      'no such route',
    ],
    // The credential of the very route: egress adds it, so the guest never has to send it.
    [
      'a credential of egress',
      'pipelock-block',
      { route: 'egress.routes[0]', rule: 'API_KEY' },
      'TOKEN_A, TOKEN_B',
    ],
    ['nothing', 'capability-block', {}, 'capability must be a text'],
    ['spaces', 'capability-block', { capability: ' \n' }, 'capability must be a text'],
    ['too much', 'capability-block', { capability: 'x'.repeat(101) }, 'longer than 100'],
    ['no reason', 'capability-block', { capability: 'x', reason: 7 }, 'reason must be a text'],
  ] as const)('refuses %s', (_case, tool, given, message) => {
    expect(parse(tool, given)).toEqual({ kind: 'invalid', message: expect.stringContaining(message) });
  });

  it('says so where no secret at all may pass', () => {
    const given = { route: 'egress.routes[0]', rule: 'TOKEN_A' };
    expect(parse('pipelock-block', given, { exemptible: [] })).toMatchObject({
      message: expect.stringMatching(/no secret/),
    });
  });

  it('keeps control characters as they are, for the operator to be shown', () => {
    const capability = '\u001b[2J\u202e';
    expect(parse('capability-block', { capability })).toMatchObject({ proposal: { capability } });
  });
});
