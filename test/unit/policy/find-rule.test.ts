import { describe, expect, it } from 'vitest';
import { findRule } from '../../../src/policy/find-rule.ts';
import type { RequestRule, RequestTarget } from '../../../src/policy/request-rule.ts';

const rule = (id: string, rest: Partial<RequestRule>): RequestRule => ({
  id,
  host: 'api.example.com',
  scheme: 'https',
  port: 443,
  methods: null,
  paths: null,
  ...rest,
});

const target: RequestTarget = {
  scheme: 'https',
  host: 'api.example.com',
  port: 443,
  method: 'GET',
  path: '/v1/a',
};

describe('findRule', () => {
  it.each<[string, Partial<RequestRule>, Partial<RequestTarget>]>([
    ['a rule for the whole host', {}, {}],
    ['a method of the list', { methods: ['POST', 'GET'] }, {}],
    ['a path of the list', { paths: ['/v2/**', '/v1/*'] }, {}],
    ['a wildcard host', { host: '*.example.com' }, {}],
    ['another port', { port: 8443 }, { port: 8443 }],
    ['plain http', { scheme: 'http', port: 80 }, { scheme: 'http', port: 80 }],
  ])('allows %s', (_case, ruled, asked) => {
    expect(findRule([rule('only', ruled)], { ...target, ...asked })).toEqual({
      kind: 'allowed',
      rule: rule('only', ruled),
    });
  });

  it.each<[string, 'host' | 'port' | 'method' | 'path', Partial<RequestRule>, Partial<RequestTarget>]>([
    ['another host', 'host', {}, { host: 'evil.example' }],
    ['the zone of a wildcard', 'host', { host: '*.example.com' }, { host: 'example.com' }],
    ['another port', 'port', {}, { port: 8443 }],
    ['another scheme on the same port', 'port', {}, { scheme: 'http' }],
    ['another method', 'method', { methods: ['POST'] }, {}],
    ['a method in small letters', 'method', { methods: ['GET'] }, { method: 'get' }],
    ['another path', 'path', { paths: ['/v2/**'] }, {}],
    ['a path that only looks right encoded', 'path', { paths: ['/v1/*'] }, { path: '/v1/a%2fb' }],
    ['several things: the first counts', 'port', { methods: ['POST'], paths: ['/x'] }, { port: 1 }],
  ])('refuses %s', (_case, failed, ruled, asked) => {
    const decision = findRule([rule('only', ruled)], { ...target, ...asked });
    expect(decision).toEqual({
      kind: 'refused',
      failed,
      nearest: failed === 'host' ? null : rule('only', ruled),
    });
  });

  it('takes the first rule that passes', () => {
    const rules = [
      rule('other', { host: 'b.example' }),
      rule('first', { methods: ['GET'] }),
      rule('second', {}),
    ];
    expect(findRule(rules, target)).toMatchObject({ rule: { id: 'first' } });
    expect(findRule(rules, { ...target, method: 'POST' })).toMatchObject({ rule: { id: 'second' } });
  });

  it('names the rule that came furthest', () => {
    const rules = [
      rule('by-port', { port: 1 }),
      rule('by-path', { paths: ['/x'] }),
      rule('by-method', { methods: ['PUT'] }),
    ];
    expect(findRule(rules, target)).toMatchObject({
      kind: 'refused',
      failed: 'path',
      nearest: { id: 'by-path' },
    });
  });

  it('refuses everything without rules', () => {
    expect(findRule([], target)).toEqual({ kind: 'refused', failed: 'host', nearest: null });
  });
});
