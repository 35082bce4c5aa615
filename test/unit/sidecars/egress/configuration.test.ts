import { describe, expect, it } from 'vitest';
import { parseEgressConfiguration } from '../../../../src/sidecars/egress/configuration.ts';

const route = {
  id: 'egress.routes[0]',
  host: 'api.test',
  scheme: 'https',
  port: 443,
  methods: ['GET'],
  paths: ['/v1/**'],
  auth: { kind: 'bearer', secretId: 'secret-0' },
};
const valid = {
  version: 1,
  revision: 4,
  listen: { address: '127.0.0.1', port: 9099 },
  routes: [route],
  allowPrivate: ['10.0.0.0/8'],
  extraCa: [],
  secretIds: ['secret-0'],
  secretLabels: { 'secret-0': 'API_KEY' },
  limits: { connectTimeoutMs: 1, responseTimeoutMs: 1, idleTimeoutMs: 1, maxConnections: 1 },
};
const withRoute = (more: object) => ({ ...valid, routes: [{ ...route, ...more }] });
const withAuth = (auth: unknown) => withRoute({ auth });

describe('parseEgressConfiguration', () => {
  it('takes a whole plan', () => {
    const { version: _version, ...plan } = valid;
    expect(parseEgressConfiguration(JSON.stringify(valid))).toEqual(plan);
  });

  it.each([
    ['header', { kind: 'header', name: 'x-api-key', secretId: 'secret-0' }],
    ['basic', { kind: 'basic', username: '', secretId: 'secret-0' }],
    ['query', { kind: 'query', name: 'key', secretId: 'secret-0' }],
  ])('takes auth %s', (_name, auth) => {
    expect(parseEgressConfiguration(JSON.stringify(withAuth(auth))).routes[0]?.auth).toEqual(auth);
  });

  it.each([
    ['another version', { ...valid, version: 2 }, 'version'],
    ['an unknown key', { ...valid, more: 1 }, '"more"'],
    ['a missing key', { ...valid, limits: undefined }, '"limits" is missing'],
    ['every address', { ...valid, listen: { address: '0.0.0.0', port: 9099 } }, 'listen.address'],
    [
      'an address of the network',
      { ...valid, listen: { address: '10.201.0.2', port: 9099 } },
      'listen.address',
    ],
    ['a credential in the clear', withRoute({ scheme: 'http' }), 'needs the scheme https'],
    ['a credential for a zone', withRoute({ host: '*.zone.test' }), 'one exact host'],
    ['a bare star', withRoute({ host: '*', auth: null }), 'host'],
    ['a host in capitals', withRoute({ host: 'API.test' }), 'host'],
    ['a path that is none', withRoute({ paths: ['v1'] }), 'paths[0]'],
    ['a method in small letters', withRoute({ methods: ['get'] }), 'methods[0]'],
    ['a port out of range', withRoute({ port: 70_000 }), 'port'],
    ['a range that is none', { ...valid, allowPrivate: ['10.0.0.1/8'] }, 'allowPrivate[0]'],
    ['an unknown kind of auth', withAuth({ kind: 'digest', secretId: 'secret-0' }), 'auth.kind'],
    [
      'a header name with a line end',
      withAuth({ kind: 'header', name: 'x\r\ny', secretId: 'secret-0' }),
      'auth.name',
    ],
    [
      'a user name with a colon',
      withAuth({ kind: 'basic', username: 'a:b', secretId: 'secret-0' }),
      'auth.username',
    ],
    ['a secret it is not given', withAuth({ kind: 'bearer', secretId: 'secret-1' }), 'secretIds'],
    ['no revision', { ...valid, revision: undefined }, '"revision" is missing'],
    ['a revision that is none', { ...valid, revision: 1.5 }, 'revision'],
    ['two routes of one id', { ...valid, routes: [route, route] }, 'has egress.routes[0] twice'],
    ['a secret without a label', { ...valid, secretLabels: {} }, 'no label for secret-0'],
    ['no JSON', undefined, 'not JSON'],
  ])('refuses %s', (_name, value, words) => {
    expect(() => parseEgressConfiguration(JSON.stringify(value) ?? '{')).toThrow(words);
  });
});
