import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProposal } from '../../../src/queue/parse-proposal.ts';
import { anyProposal, pushProposal, routeProposal } from './any-proposal.ts';

const exemption = { kind: 'exemption', route: 'egress.routes[1]', rule: 'DATABASE_URL' };
const update = pushProposal().updates[0];

describe('parseProposal', () => {
  it('gives what it takes', () => {
    fc.assert(
      fc.property(anyProposal, (proposal) => {
        expect(parseProposal(proposal)).toEqual(proposal);
      }),
    );
  });

  it('gives a host its one spelling', () => {
    expect(parseProposal(routeProposal({ host: 'API.Example.com' }))).toEqual(routeProposal());
  });

  it('takes what only an operator writes', () => {
    const route = routeProposal({ credentialOf: 'egress.routes[0]' });
    expect(parseProposal(route)).toEqual(route);
  });

  it.each([
    ['nothing', null, 'kind'],
    ['a text', 'route', 'kind'],
    ['a list', [], 'kind'],
    ['an unknown kind', { kind: 'root' }, 'kind must be one of'],
    ['one key more', { ...routeProposal(), auth: 'x' }, 'may hold only'],
    ['a key less', { kind: 'route', host: 'a.example' }, 'has no "scheme"'],
    ['a prototype for a key', JSON.parse('{"kind":"exemption","__proto__":{}}'), 'may hold only'],
    ['a URL for a host', routeProposal({ host: 'https://a.example' }), 'host must be'],
    ['a host with a port', routeProposal({ host: 'a.example:443' }), 'host must be'],
    ['a wildcard over everything', routeProposal({ host: '*' }), 'host must be'],
    ['a wildcard over a top-level domain', routeProposal({ host: '*.com' }), 'host must be'],
    ['a look-alike host', routeProposal({ host: '\u212aernel.org' }), 'host must be'],
    ['a number in disguise', routeProposal({ host: '0x7f.1' }), 'host must be'],
    ['a host with a line end', routeProposal({ host: 'a.example\n' }), 'host must be'],
    ['no scheme', { ...routeProposal(), scheme: 'ftp' }, 'scheme must be'],
    ['port 0', routeProposal({ port: 0 }), 'port must be'],
    ['a port too high', routeProposal({ port: 65_536 }), 'port must be'],
    ['half a port', routeProposal({ port: 1.5 }), 'port must be'],
    ['a port in words', { ...routeProposal(), port: '443' }, 'port must be'],
    ['no methods', routeProposal({ methods: [] }), 'methods is an empty list'],
    ['a method in small letters', routeProposal({ methods: ['get'] }), 'methods[0] must be'],
    ['CONNECT', routeProposal({ methods: ['GET', 'CONNECT'] }), 'CONNECT is a method no bottle'],
    ['TRACE', routeProposal({ methods: ['TRACE'] }), 'TRACE is a method no bottle'],
    ['too many methods', routeProposal({ methods: Array(33).fill('GET') }), 'more than 32'],
    ['no paths', routeProposal({ paths: [] }), 'paths is an empty list'],
    ['a path that climbs', routeProposal({ paths: ['/a/../b'] }), 'paths[0] must be'],
    ['a path with a query', routeProposal({ paths: ['/a?b'] }), 'paths[0] must be'],
    ['too many paths', routeProposal({ paths: Array(65).fill('/') }), 'more than 64'],
    [
      'a credential in the clear',
      routeProposal({ scheme: 'http', credentialOf: 'egress.routes[0]' }),
      'https',
    ],
    [
      'a credential to a zone',
      routeProposal({ host: '*.a.example', credentialOf: 'egress.routes[0]' }),
      'named',
    ],
    ['a credential of nobody', routeProposal({ credentialOf: 'x' }), 'credentialOf must be'],
    ['an exemption of no route', { ...exemption, route: '*' }, 'route must be'],
    ['an exemption of no rule', { ...exemption, rule: '' }, 'rule is empty'],
    ['an endless rule', { ...exemption, rule: 'x'.repeat(257) }, 'rule is longer'],
    ['a capability of nothing', { kind: 'capability', capability: '' }, 'capability is empty'],
    ['an endless capability', { kind: 'capability', capability: 'x'.repeat(8193) }, 'longer than'],
    ['a push of nothing', pushProposal({ updates: [] }), 'updates is an empty list'],
    ['a remote like an option', pushProposal({ remote: '--upload-pack=x' }), 'remote must be'],
    ['a ref outside', { ...pushProposal(), updates: [{ ...update, ref: 'HEAD' }] }, 'updates[0].ref'],
    [
      'a ref with a line end',
      { ...pushProposal(), updates: [{ ...update, ref: 'refs/heads/a\nb' }] },
      '.ref must',
    ],
    [
      'a ref that turns text round',
      { ...pushProposal(), updates: [{ ...update, ref: 'refs/\u202ea' }] },
      '.ref must',
    ],
    ['a short object id', { ...pushProposal(), updates: [{ ...update, new: 'abc' }] }, 'updates[0].new'],
    ['a change of no kind', { ...pushProposal(), updates: [{ ...update, change: 'delete' }] }, '.change'],
    ['an endless diffstat', pushProposal({ diffstat: 'x'.repeat(32_769) }), 'diffstat is longer'],
    ['too many reports', pushProposal({ reports: Array(65).fill('x') }), 'more than 64'],
    ['fewer than no commits', pushProposal({ commits: -1 }), 'commits must be'],
  ])('refuses %s', (_case, value, message) => {
    expect(() => parseProposal(value)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
    expect(() => parseProposal(value)).toThrow(message);
  });

  it('meets any value with a proposal or a sentence that quotes nothing of it', () => {
    const marked = fc.object({
      key: fc.oneof(fc.constantFrom('kind', 'host', 'paths', 'port'), fc.string()),
      values: [fc.constantFrom('route', 'push', 'qqqq'), fc.integer(), fc.constant(null)],
    });
    fc.assert(
      fc.property(fc.oneof(marked, fc.anything()), (value) => {
        try {
          parseProposal(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'request-invalid' });
          expect(String(error)).not.toContain('qqqq');
        }
      }),
    );
  });
});
