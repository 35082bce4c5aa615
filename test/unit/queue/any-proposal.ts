import fc from 'fast-check';
import type { Proposal, PushProposal, RouteProposal } from '../../../src/queue/proposal.ts';
import type { Decision, QueueRequest } from '../../../src/queue/request.ts';

/** A route that a guest may ask for, with changes. */
export function routeProposal(changes: Partial<RouteProposal> = {}): RouteProposal {
  return {
    kind: 'route',
    host: 'api.example.com',
    scheme: 'https',
    port: 443,
    methods: ['GET'],
    paths: null,
    credentialOf: null,
    ...changes,
  };
}

/** A push of one branch, with changes. */
export function pushProposal(changes: Partial<PushProposal> = {}): PushProposal {
  const update = { ref: 'refs/heads/agent/x', old: '0'.repeat(40), new: 'a'.repeat(40) };
  return {
    kind: 'push',
    remote: 'origin',
    updates: [{ ...update, change: 'create' }],
    commits: 2,
    diffstat: ' a.txt | 1 +\n',
    reports: [],
    ...changes,
  };
}

/** A request of the supervise daemon that waits, with changes. */
export function queueRequest(changes: Partial<QueueRequest> = {}): QueueRequest {
  return {
    version: 1,
    id: 'req-0a1b2c3d',
    daemon: 'supervise',
    createdAt: '2026-01-31T12:00:00.000Z',
    expiresAt: '2026-01-31T12:15:00.000Z',
    asked: 1,
    reason: 'the build asks for it',
    proposal: routeProposal(),
    lapsedAt: null,
    ...changes,
  };
}

/** An approval of {@link queueRequest}, with changes. */
export function decisionOf(request: QueueRequest, changes: Partial<Decision> = {}): Decision {
  return {
    version: 1,
    id: request.id,
    status: 'approved',
    notes: '',
    operator: 'jo',
    decidedAt: '2026-01-31T12:01:00.000Z',
    proposal: request.proposal,
    revision: 1,
    ...changes,
  };
}

const host = fc.constantFrom('a.example', 'api.a.example', '*.a.example', '192.0.2.1', '2001:db8::1');
const paths = fc.constantFrom('/', '/**', '/v1/**', '/v1/*', '/v1/x', '/v1/*/x', '/a%2fb');

/** Routes as a guest may ask for them, from few words, so that two of them often have to do with each other. */
export const anyRoute: fc.Arbitrary<RouteProposal> = fc.record({
  kind: fc.constant('route'),
  host,
  scheme: fc.constantFrom('https', 'http'),
  port: fc.constantFrom(443, 80),
  methods: fc.option(fc.array(fc.constantFrom('GET', 'POST'), { minLength: 1, maxLength: 3 })),
  paths: fc.option(fc.array(paths, { minLength: 1, maxLength: 3 })),
  credentialOf: fc.constant(null),
});

/** Every kind of proposal that a guest's side may write, with texts of any characters. */
export const anyProposal: fc.Arbitrary<Proposal> = fc.oneof(
  anyRoute,
  fc.record({
    kind: fc.constant('exemption'),
    route: fc.constantFrom('egress.routes[0]', 'grant:req-0a1b2c3d'),
    rule: fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
  }),
  fc.record({
    kind: fc.constant('capability'),
    capability: fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
  }),
  fc.record({ diffstat: fc.string({ unit: 'binary', maxLength: 64 }) }).map(pushProposal),
);

/** Requests of both daemons. */
export const anyRequest: fc.Arbitrary<QueueRequest> = fc
  .record({
    proposal: anyProposal,
    reason: fc.string({ unit: 'binary', maxLength: 64 }),
    asked: fc.integer({ min: 1, max: 1000 }),
    lapsedAt: fc.constantFrom(null, '2026-01-31T12:15:10.000Z'),
  })
  .map((changes) =>
    queueRequest({ ...changes, daemon: changes.proposal.kind === 'push' ? 'git-gate' : 'supervise' }),
  );
