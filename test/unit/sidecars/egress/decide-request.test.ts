import { describe, expect, it } from 'vitest';
import { decideRequest } from '../../../../src/sidecars/egress/decide-request.ts';
import { route } from './start-test-egress.ts';

const credential = {
  label: 'API_KEY',
  place: { kind: 'header', field: ['Authorization', 'Bearer secret'] },
  patterns: [],
} as const;

describe('decideRequest', () => {
  it.each([
    ['its own host over https', route('api.test', 443), 'https://api.test/', 'allowed'],
    ['plain http', route('api.test', 80, { scheme: 'http' }), 'http://api.test/', 'refused'],
    ['a host that is not named exactly', route('*.zone.test', 443), 'https://api.zone.test/', 'refused'],
  ] as const)('a credential, whatever the configuration let through: %s', (_name, rule, url, kind) => {
    const policy = { routes: [rule], credentials: new Map([[rule, credential]]) };
    const decided = decideRequest(policy, 'GET', url, []);
    expect(decided.kind).toBe(kind);
    expect(JSON.stringify(decided).includes('Bearer secret')).toBe(kind === 'allowed');
    // Without the credential the same request is allowed: it is the credential that may not go.
    expect(decideRequest({ ...policy, credentials: new Map() }, 'GET', url, []).kind).toBe('allowed');
  });
});
