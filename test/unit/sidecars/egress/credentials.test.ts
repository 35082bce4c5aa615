import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EgressAuth } from '../../../../src/plans/egress-plan.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, secret, startTestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

interface Seen {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: readonly string[];
}

const authority = createTestAuthority();
const seen: Seen[] = [];
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream({
    certificate: authority.issue(['api.test', 'other.test']),
    protocol: 'http/1.1',
    handler: (request, response) => {
      seen.push({
        url: request.url ?? '',
        headers: request.headers as Record<string, string>,
        raw: request.rawHeaders,
      });
      if (request.url?.startsWith('/away')) {
        response.writeHead(307, { location: `https://other.test:${upstream.port}${request.url}` });
      }
      response.end();
    },
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

async function ask(
  auth: EgressAuth | null,
  path: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
) {
  await using egress = await startTestEgress(
    [route('api.test', upstream.port, { auth }), route('other.test', upstream.port)],
    { plan: { extraCa: [authority.caPem] } },
  );
  const answer = await egress.ask(`https://api.test:${upstream.port}${path}`, { headers });
  return { answer, request: seen.at(-1), log: egress.log };
}

describe('a route with a credential', () => {
  it.each([
    ['header', { kind: 'header', name: 'X-Api-Key', secretId: 'secret-0' }, 'x-api-key', secret],
    ['bearer', bearer, 'authorization', `Bearer ${secret}`],
    [
      'basic',
      { kind: 'basic', username: 'me', secretId: 'secret-0' },
      'authorization',
      `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`,
    ],
  ] as const)('adds it by %s', async (_name, auth, field, value) => {
    const { request, log } = await ask(auth, '/x?y=1');
    expect(request?.headers[field]).toBe(value);
    expect(request?.url).toBe('/x?y=1');
    expect(log.at(-1)).toMatchObject({
      event: 'egress_request',
      credential: 'API_KEY',
      rule: 'route to api.test',
    });
    expect(JSON.stringify(log)).not.toContain(secret);
  });

  it('adds it by query, and names it nowhere else', async () => {
    const { request, log } = await ask(
      { kind: 'query', name: 'key', secretId: 'secret-0' },
      '/x?y=1&key=guest',
    );
    expect(request?.url).toBe(`/x?y=1&key=${encodeURIComponent(secret)}`);
    expect(JSON.stringify(log)).not.toMatch(
      new RegExp(`sk-live|${encodeURIComponent(secret).slice(0, 12)}|y=1`),
    );
  });

  it.each([
    ['Authorization', 'Bearer guest'],
    ['AUTHORIZATION', ['Bearer guest', 'Basic guest']],
    ['X-API-Key', 'guest'],
    ['X_Api_Key', 'guest'],
    ['Api-Key', 'guest'],
    ['X-Goog-Api-Key', 'guest'],
    ['Proxy-Authorization', 'Basic guest'],
    ['Cookie', 'session=guest'],
    ['X-Own-Token', ['guest', 'guest']],
    ['x_own_token', 'guest'],
    ['Range', 'bytes=0-guest'],
  ])('takes out what the guest sent as %s', async (name, value) => {
    const own = { kind: 'header', name: 'X-Own-Token', secretId: 'secret-0' } as const;
    const { request } = await ask(own, '/', { [name]: value });
    expect(request?.raw.join('\n')).not.toContain('guest');
    expect(request?.raw.filter((entry) => entry.toLowerCase() === 'x-own-token')).toHaveLength(1);
    // The same field goes through where the route has no credential: only there it may be the guest's own.
    const open = await ask(null, '/', { [name]: value });
    if (name !== 'Proxy-Authorization') expect(open.request?.raw.join('\n')).toContain('guest');
  });

  it('a redirect goes to the guest, and the credential does not go along', async () => {
    const { answer } = await ask(bearer, '/away');
    expect(answer.status).toBe(307);
    const location = String(answer.headers.location);
    await using egress = await startTestEgress(
      [route('api.test', upstream.port, { auth: bearer }), route('other.test', upstream.port)],
      { plan: { extraCa: [authority.caPem] } },
    );
    await egress.ask(location);
    expect(seen.at(-1)).toMatchObject({ url: '/away', headers: { host: `other.test:${upstream.port}` } });
    expect(JSON.stringify(seen.at(-1))).not.toContain('sk-live');
  });

  it('a connection that was lost is opened again for it', async () => {
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth: bearer })], {
      plan: { extraCa: [authority.caPem] },
    });
    const url = `https://api.test:${upstream.port}/`;
    await egress.ask(url);
    upstream.dropConnections();
    expect((await egress.ask(url)).status).toBe(200);
    expect(seen.at(-1)?.headers.authorization).toBe(`Bearer ${secret}`);
  });
});
