import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyGrants, withoutGrant } from '../../../src/plans/apply-grants.ts';
import type { BottlePlan } from '../../../src/plans/bottle-plan.ts';
import { hashJson } from '../../../src/plans/hash.ts';
import type { Grant, LivePolicy } from '../../../src/plans/live-policy.ts';
import { prepareBottle } from '../../../src/plans/prepare/prepare-bottle.ts';
import type { RouteProposal } from '../../../src/queue/proposal.ts';
import type { RequestId } from '../../../src/queue/request.ts';
import { createHostFacts } from '../../support/host-facts.ts';
import { hostKey } from '../../support/known-host.ts';
import { loadText } from '../../support/load-text.ts';
import { anyRoute } from '../../support/route-arbitraries.ts';

const text = `
egress:
  routes:
    - { host: a.example, methods: [GET], auth: { kind: bearer, secret: { env: TOKEN } } }
    - { host: b.example, exempt: [KNOWN] }
    - { host: a.example, port: 8443 }
pipelock: { knownSecrets: [{ env: KNOWN }, { env: OTHER }, { env: GIT }, { env: TOKEN }] }
git:
  remotes:
    origin: { url: "git@a.example:o/r.git", identity: ./id, knownHost: "${hostKey}" }
    other: { url: "https://a.example/o/s", token: { env: GIT } }
supervise: true
`;

let plan: BottlePlan;
beforeAll(async () => {
  plan = prepareBottle(await loadText(text), createHostFacts());
});

const route: RouteProposal = {
  kind: 'route',
  host: 'c.example',
  scheme: 'https',
  port: 443,
  methods: ['GET'],
  paths: ['/v1/**'],
  credentialOf: null,
};
const toId = (index: number): RequestId => `req-${index.toString(16).padStart(8, '0')}`;
const toPolicy = (...changes: readonly Grant['change'][]): LivePolicy => ({
  version: 1,
  revision: changes.length,
  grants: changes.map((change, index) => ({
    request: toId(index),
    operator: 'op',
    grantedAt: '2026-01-31T12:00:00.000Z',
    change,
  })),
});
const apply = (...changes: readonly Grant['change'][]): BottlePlan => applyGrants(plan, toPolicy(...changes));

describe('applyGrants', () => {
  it('changes nothing where nothing was granted', () => {
    expect(apply()).toEqual(plan);
  });

  it('puts a granted route behind all others, for both proxies', () => {
    const granted = apply(route);
    const rule = {
      id: 'grant:req-00000000',
      host: 'c.example',
      scheme: 'https',
      port: 443,
      methods: ['GET'],
      paths: ['/v1/**'],
    };
    expect(granted.egress.routes).toEqual([...plan.egress.routes, { ...rule, auth: null }]);
    expect(granted.pipelock.rules).toEqual([...plan.pipelock.rules, { ...rule, exempt: [] }]);
    expect([granted.egress.revision, granted.pipelock.revision]).toEqual([1, 1]);
  });

  it('is a frozen value whose hash covers it', () => {
    const { hash, ...rest } = apply(route);
    expect(hash).toBe(hashJson(rest));
    expect(hash).not.toBe(plan.hash);
    expect(Object.isFrozen(apply(route).egress.routes.at(-1))).toBe(true);
  });

  it('exempts a known secret on one route, once', () => {
    const exemption = { kind: 'exemption', route: 'egress.routes[0]', rule: 'KNOWN' } as const;
    const granted = apply(exemption, exemption, { ...exemption, rule: 'OTHER' });
    expect(granted.pipelock.rules.map(({ exempt }) => exempt)).toEqual([['KNOWN', 'OTHER'], ['KNOWN'], []]);
    expect(granted.egress.routes).toEqual(plan.egress.routes);
  });

  it('exempts on a granted route', () => {
    const granted = apply(route, { kind: 'exemption', route: 'grant:req-00000000', rule: 'KNOWN' });
    expect(granted.pipelock.rules.at(-1)).toMatchObject({ id: 'grant:req-00000000', exempt: ['KNOWN'] });
  });

  it('sends a credential to the one host it goes to already', () => {
    const granted = apply({
      ...route,
      host: 'a.example',
      methods: ['POST'],
      credentialOf: 'egress.routes[0]',
    });
    expect(granted.egress.routes.at(-1)?.auth).toEqual({ kind: 'bearer', secretId: 'secret-0' });
    expect(granted.egress.secretIds).toEqual(plan.egress.secretIds);
    expect(JSON.stringify(granted.pipelock.rules)).not.toContain('secret-');
  });

  it.each<[string, Grant['change'], string]>([
    [
      'the credential to another host',
      { ...route, credentialOf: 'egress.routes[0]' },
      'goes to a.example port 443 only',
    ],
    [
      'the credential to another port',
      { ...route, host: 'a.example', port: 8443, credentialOf: 'egress.routes[0]' },
      'goes to a.example port 443 only',
    ],
    [
      'the credential to a wildcard',
      { ...route, host: '*.a.example', credentialOf: 'egress.routes[0]' },
      'goes to a.example port 443 only',
    ],
    [
      'the credential in the clear',
      { ...route, host: 'a.example', scheme: 'http', credentialOf: 'egress.routes[0]' },
      'over https only',
    ],
    [
      'a credential there is none of',
      { ...route, host: 'b.example', credentialOf: 'egress.routes[1]' },
      'has no credential',
    ],
    ['a credential of no route', { ...route, credentialOf: 'egress.routes[9]' }, 'no route egress.routes[9]'],
    [
      'an exemption on no route',
      { kind: 'exemption', route: 'egress.routes[9]', rule: 'KNOWN' },
      'no route egress.routes[9]',
    ],
    [
      "egress's own credential",
      { kind: 'exemption', route: 'egress.routes[0]', rule: 'TOKEN' },
      'is a credential of the bottle',
    ],
    [
      "the gate's token",
      { kind: 'exemption', route: 'egress.routes[0]', rule: 'GIT' },
      'is a credential of the bottle',
    ],
    [
      "the gate's key",
      { kind: 'exemption', route: 'egress.routes[0]', rule: 'key id' },
      'is a credential of the bottle',
    ],
    [
      'what is not known',
      { kind: 'exemption', route: 'egress.routes[0]', rule: 'github-token' },
      'one of the known secrets',
    ],
  ])('refuses %s', (_case, change, words) => {
    expect(() => apply(change)).toThrow(
      expect.objectContaining({ code: 'request-invalid', message: expect.stringContaining(words) }),
    );
  });

  it('lends a credential on from the manifest only, and grants a request once', () => {
    const lent: RouteProposal = { ...route, host: 'a.example', credentialOf: 'egress.routes[0]' };
    expect(() => apply(lent, { ...lent, credentialOf: 'grant:req-00000000' })).toThrow(
      'The manifest has no route',
    );
    const [grant] = toPolicy(route).grants;
    const twice = { version: 1, revision: 2, grants: [grant, grant] } as LivePolicy;
    expect(() => applyGrants(plan, twice)).toThrow('was granted already');
  });

  it('never removes or narrows a rule, keeps their order, and without a grant is as before it', () => {
    const exemption = fc.record({
      kind: fc.constant('exemption' as const),
      route: fc.constantFrom('egress.routes[0]', 'egress.routes[1]', 'egress.routes[2]'),
      rule: fc.constantFrom('KNOWN', 'OTHER'),
    });
    const changes = fc.array(fc.oneof(anyRoute, exemption), { maxLength: 6 });
    fc.assert(
      fc.property(changes, anyRoute, (some, last) => {
        const before = apply(...some);
        const granted = before.egress.routes.slice(plan.egress.routes.length);
        expect(before.egress.routes.slice(0, plan.egress.routes.length)).toEqual(plan.egress.routes);
        expect(granted.every(({ id }) => id.startsWith('grant:req-'))).toBe(true);
        expect(before.pipelock.rules.map(({ exempt: _labels, ...rule }) => rule)).toEqual(
          before.egress.routes.map(({ auth: _auth, ...rule }) => rule),
        );
        for (const [index, { exempt }] of plan.pipelock.rules.entries()) {
          expect(before.pipelock.rules[index]?.exempt).toEqual(expect.arrayContaining([...exempt]));
        }
        const policy = toPolicy(...some, last);
        const revoked = withoutGrant(policy, toId(some.length));
        expect(revoked?.revision).toBe(policy.revision + 1);
        expect(applyGrants(plan, { ...toPolicy(), grants: revoked?.grants ?? [] })).toEqual(
          applyGrants(plan, { ...toPolicy(), grants: toPolicy(...some).grants }),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('withoutGrant', () => {
  it('takes the exemptions on a granted route with it', () => {
    const policy = toPolicy(
      route,
      { kind: 'exemption', route: 'grant:req-00000000', rule: 'KNOWN' },
      { kind: 'exemption', route: 'egress.routes[0]', rule: 'KNOWN' },
    );
    const left = withoutGrant(policy, 'req-00000000');
    expect(left?.grants.map(({ request }) => request)).toEqual(['req-00000002']);
    expect(() => applyGrants(plan, left ?? policy)).not.toThrow();
  });

  it('says where there is none', () => {
    expect(withoutGrant(toPolicy(route), 'req-000000ff')).toBeNull();
  });
});
