import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRule } from '../../../src/policy/find-rule.ts';
import { toProposalKey } from '../../../src/queue/proposal-key.ts';
import { wouldChange } from '../../../src/queue/would-change.ts';
import { anyProposal, anyRoute, pushProposal, routeProposal } from './any-proposal.ts';

const rule = (changes = {}) => ({ ...routeProposal(changes), id: 'egress.routes[0]' });

describe('wouldChange', () => {
  it.each([
    ['the same', {}, [{}], false],
    ['no rules', {}, [], true],
    ['another host', { host: 'b.example' }, [{}], true],
    ['another port', { port: 8443 }, [{}], true],
    ['another scheme', { scheme: 'http' as const }, [{}], true],
    ['one method more', { methods: ['GET', 'POST'] }, [{}], true],
    ['methods of two rules', { methods: ['GET', 'POST'] }, [{}, { methods: ['POST'] }], false],
    ['any method', { methods: null }, [{}], true],
    ['a name below a zone', { host: 'x.a.example' }, [{ host: '*.a.example' }], false],
    ['the zone itself', { host: 'a.example' }, [{ host: '*.a.example' }], true],
    ['a zone below a zone', { host: '*.b.a.example' }, [{ host: '*.a.example' }], false],
    ['a zone below a single name', { host: '*.a.example' }, [{ host: 'a.example' }], true],
    ['a zone above', { host: '*.a.example' }, [{ host: '*.b.a.example' }], true],
    ['a path of any', { paths: ['/v1'] }, [{}], false],
    ['any path', {}, [{ paths: ['/v1/**'] }], true],
    ['any path, said as one', {}, [{ paths: ['/**'] }], false],
    ['a path below', { paths: ['/v1/a'] }, [{ paths: ['/v1/**'] }], false],
    ['a pattern below', { paths: ['/v1/*/a'] }, [{ paths: ['/v1/**'] }], false],
    ['a pattern beside', { paths: ['/v1*'] }, [{ paths: ['/v1/**'] }], true],
    ['a pattern that is wider', { paths: ['/v1/**'] }, [{ paths: ['/v1/*'] }], true],
    ['paths of two rules', { paths: ['/a', '/b'] }, [{ paths: ['/a'] }, { paths: ['/b'] }], false],
    ['a credential', { credentialOf: 'egress.routes[0]' }, [{}], true],
  ])('%s', (_case, route, rules, expected) => {
    expect(wouldChange(routeProposal(route), rules.map(rule))).toBe(expected);
  });

  it('never says no where a request would pass by the route and does not by the rules', () => {
    const target = fc.record({
      scheme: fc.constantFrom('https' as const, 'http' as const),
      host: fc.constantFrom('a.example', 'api.a.example', 'x.api.a.example', '192.0.2.1', '2001:db8::1'),
      port: fc.constantFrom(443, 80),
      method: fc.constantFrom('GET', 'POST', 'PUT'),
      path: fc.constantFrom('/', '/v1/', '/v1/x', '/v1/y/x', '/v1/x/', '/a%2fb', '/a/b', '/v1//x'),
    });
    let covered = 0;
    fc.assert(
      fc.property(anyRoute, fc.array(anyRoute, { maxLength: 4 }), target, (route, rules, request) => {
        const given = rules.map((rest) => ({ ...rest, id: 'egress.routes[0]' }));
        if (wouldChange(route, given)) return;
        covered += 1;
        if (findRule([{ ...route, id: 'grant' }], request).kind === 'refused') return;
        expect(findRule(given, request).kind).toBe('allowed');
      }),
      { numRuns: 20_000 },
    );
    expect(covered).toBeGreaterThan(50);
  });
});

describe('toProposalKey', () => {
  it.each([
    [
      'order of methods',
      routeProposal({ methods: ['GET', 'PUT'] }),
      routeProposal({ methods: ['PUT', 'GET'] }),
    ],
    ['repetition', routeProposal({ paths: ['/a'] }), routeProposal({ paths: ['/a', '/a'] })],
    ['spaces', { kind: 'capability', capability: 'a  b\n' }, { kind: 'capability', capability: 'a b' }],
    ['what a push shows', pushProposal(), pushProposal({ diffstat: '' })],
  ] as const)('is the same whatever the %s', (_case, one, other) => {
    expect(toProposalKey(one)).toBe(toProposalKey(other));
  });

  it('differs where what is asked for differs', () => {
    const routes = [
      {},
      { host: 'b.example' },
      { scheme: 'http' as const },
      { port: 1 },
      { methods: null },
      { methods: ['GET', 'PUT'] },
      { paths: ['/a'] },
      { credentialOf: 'egress.routes[0]' },
    ].map(routeProposal);
    const update = {
      ref: 'refs/heads/b',
      old: '0'.repeat(40),
      new: 'a'.repeat(40),
      change: 'create',
    } as const;
    const proposals = [...routes, pushProposal(), pushProposal({ updates: [update] })];
    expect(new Set(proposals.map(toProposalKey)).size).toBe(proposals.length);
  });

  it('differs between kinds', () => {
    fc.assert(
      fc.property(anyProposal, anyProposal, (one, other) => {
        if (one.kind !== other.kind) expect(toProposalKey(one)).not.toBe(toProposalKey(other));
      }),
    );
  });
});
