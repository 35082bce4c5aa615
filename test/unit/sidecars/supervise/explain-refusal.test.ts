import { describe, expect, it } from 'vitest';
import type { RefusalLine } from '../../../../src/sidecars/protocol.ts';
import { explainRefusal } from '../../../../src/sidecars/supervise/explain-refusal.ts';
import { parseCall } from '../../../../src/sidecars/supervise/parse-call.ts';
import { createRefusalMemory } from '../../../../src/sidecars/supervise/refusal-memory.ts';
import { routeProposal } from '../../queue/any-proposal.ts';

const rules = {
  routes: [
    { ...routeProposal({ paths: ['/v1/**'] }), id: 'egress.routes[0]', credential: false, exempt: [] },
  ],
  allowPrivate: [],
};
const refusal: RefusalLine = {
  daemon: 'pipelock',
  event: 'blocked',
  time: '2026-01-31T12:00:00.000Z',
  reason: 'domain not in allowlist: b.example',
  layer: 'allowlist',
  hint: 'Host b.example is not in the allowlist.',
  url: 'https://b.example/x',
  method: 'GET',
};
const reason = '<why you need this>';
const explain = (changes: Partial<RefusalLine>) =>
  explainRefusal({ refusal: { ...refusal, ...changes }, count: 1 }, rules, ['TOKEN_A']);
const place = { url: 'https://api.example.com/v1/x', layer: 'dlp', route: 'egress.routes[0]' };

describe('explainRefusal', () => {
  it.each([
    ['a host', {}, { host: 'b.example', methods: ['GET'] }],
    ['a tunnel', { method: 'CONNECT', url: 'https://b.example:8443/' }, { host: 'b.example', port: 8443 }],
    ['plain HTTP', { url: 'http://b.example/' }, { host: 'b.example', scheme: 'http', methods: ['GET'] }],
    [
      'a method',
      { url: 'https://api.example.com/v1/x', method: 'PUT' },
      { host: 'api.example.com', methods: ['PUT'] },
    ],
    [
      'a path',
      { url: 'https://api.example.com/v2/x?q=1' },
      { host: 'api.example.com', methods: ['GET'], paths: ['/v2/x'] },
    ],
    ['an address', { url: 'https://[2001:4860::1]/' }, { host: '2001:4860::1', methods: ['GET'] }],
  ])('fills in the call that asks for %s, as the tool takes it', (_case, changes, expected) => {
    const { ask } = explain(changes);
    expect(ask).toEqual({ tool: 'egress-block', arguments: { ...expected, reason } });
    const facts = { rules, exemptible: [], maxTextLength: 100 };
    expect(parseCall('egress-block', ask?.arguments ?? {}, facts).kind).toBe('ask');
  });

  it('fills in the call for a secret that may be let through, and for no other', () => {
    expect(explain({ ...place, secret: 'TOKEN_A' }).ask).toEqual({
      tool: 'pipelock-block',
      arguments: { route: 'egress.routes[0]', rule: 'TOKEN_A', reason },
    });
    expect(explain({ ...place, secret: 'API_KEY' }).ask).toBeNull();
    expect(explain({ ...place }).ask).toBeNull();
  });

  it('points to the operator for a private address', () => {
    expect(explain({ daemon: 'egress', layer: 'ssrf' }).ask).toMatchObject({ tool: 'capability-block' });
  });

  it.each([
    ['is allowed by now', { url: 'https://api.example.com/v1/x' }],
    ['has no host that could be asked for', { url: 'https://[redacted]/x' }],
    ['is no URL', { url: 'b.example' }],
    ['is of another scheme', { url: 'ftp://b.example/' }],
    ['no setting allows', { layer: 'http' }],
    ['the git gate refused', { daemon: 'git-gate' as const, layer: 'git' }],
  ])('knows no call for what %s', (_case, changes) => {
    expect(explain(changes).ask).toBeNull();
  });

  it('says what, when, how often and why', () => {
    const { url, method, ...noRequest } = refusal;
    expect(explainRefusal({ refusal: noRequest, count: 3 }, rules, [])).toEqual({
      time: refusal.time,
      count: 3,
      what: 'pipelock: domain not in allowlist: b.example',
      why: refusal.hint,
      ask: null,
    });
    expect(explain({}).what).toBe('pipelock: GET https://b.example/x');
  });
});

describe('the memory of refusals', () => {
  it('has the newest first, each once, and forgets the oldest', () => {
    const memory = createRefusalMemory(3);
    for (const url of ['a', 'b', 'a', 'c', 'a', 'd']) memory.hear({ ...refusal, url });
    expect(memory.list().map(({ refusal: { url }, count }) => [url, count])).toEqual([
      ['d', 1],
      ['a', 3],
      ['c', 1],
    ]);
  });

  it('tells apart what differs in daemon, layer, sentence or request, not in time', () => {
    const memory = createRefusalMemory(10);
    const different: Partial<RefusalLine>[] = [
      {},
      { time: '2026-01-31T12:00:09.000Z' },
      { daemon: 'egress' },
      { layer: 'x' },
      { hint: 'x' },
      { method: 'PUT' },
    ];
    for (const changes of different) memory.hear({ ...refusal, ...changes });
    expect(memory.list()).toHaveLength(5);
    expect(memory.list().at(-1)).toMatchObject({ count: 2, refusal: { time: '2026-01-31T12:00:09.000Z' } });
  });
});
