import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { route, startTestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream({
    certificate: authority.issue(['api.test', 'other.test', '127.0.0.1', '::1']),
    protocol: 'h2',
    handler: (_request, response) => response.end('reached'),
    address: '::',
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

async function askVia(answers: readonly string[], allowPrivate: readonly string[], host = 'api.test') {
  await using egress = await startTestEgress([route(host.replace(/^\[|\]$/g, ''), upstream.port)], {
    plan: { extraCa: [authority.caPem], allowPrivate },
    resolve: () => answers,
  });
  return await egress.ask(`https://${host}:${upstream.port}/`);
}

describe('addresses', () => {
  it.each([
    ['a private one that the manifest names', ['127.0.0.1'], ['127.0.0.0/8'], 'api.test', 200],
    ['a mapped one, judged as what it is', ['::ffff:127.0.0.1'], ['127.0.0.0/8'], 'api.test', 200],
    ['an address for a host', [], ['127.0.0.1/32'], '127.0.0.1', 200],
    ['an IPv6 address for a host', [], ['::1/128'], '[::1]', 200],
    [
      'the second, when nobody serves at the first',
      ['127.0.0.9', '127.0.0.1'],
      ['127.0.0.0/8'],
      'api.test',
      200,
    ],
    ['loopback', ['127.0.0.1'], [], 'api.test', 403],
    ['loopback over IPv6', ['::1'], ['127.0.0.0/8'], 'api.test', 403],
    ['mapped loopback', ['::ffff:127.0.0.1'], [], 'api.test', 403],
    ['metadata', ['169.254.169.254'], ['127.0.0.0/8'], 'api.test', 403],
    ['a private network', ['10.0.0.1'], ['127.0.0.0/8'], 'api.test', 403],
    ['NAT64 of loopback', ['64:ff9b::7f00:1'], ['127.0.0.0/8'], 'api.test', 403],
    ['a zone id', ['fe80::1%lo'], ['fe80::/10'], 'api.test', 403],
    ['one bad answer after a good one', ['127.0.0.1', '10.0.0.1'], ['127.0.0.0/8'], 'api.test', 403],
    ['one bad answer before a good one', ['10.0.0.1', '127.0.0.1'], ['127.0.0.0/8'], 'api.test', 403],
    ['a private address for a host', [], ['10.0.0.0/8'], '127.0.0.1', 403],
    ['an answer that is no address', ['localhost'], ['127.0.0.0/8'], 'api.test', 403],
  ])('%s', async (_name, answers, allowPrivate, host, status) => {
    const before = upstream.connections();
    const answer = await askVia(answers, allowPrivate, host);
    expect(answer.status, answer.body).toBe(status);
    expect(upstream.connections() - before).toBe(status === 200 ? 1 : 0);
    if (status === 403) {
      expect(answer.headers['x-bottle-block']).toBe('ssrf');
      expect(answer.body).toContain('egress.allowPrivate');
    }
  });

  it('a name that moves to a private address after the check is not dialled there', async () => {
    let lookups = 0;
    await using egress = await startTestEgress([route('api.test', upstream.port)], {
      plan: { extraCa: [authority.caPem] },
      // The first answer is allowed; whoever asks again gets another loopback address, which is not.
      resolve: () => (lookups++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    });
    const url = `https://api.test:${upstream.port}/`;
    expect((await egress.ask(url)).status).toBe(200);
    expect(lookups).toBe(1);
    // The pinned connection is used on: no second lookup.
    expect((await egress.ask(url)).status).toBe(200);
    expect(lookups).toBe(1);
    upstream.dropConnections();
    const moved = await egress.ask(url);
    expect(moved).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'ssrf' } });
    expect(lookups).toBe(2);
  });

  it('a connection of one name serves no other, though its certificate would', async () => {
    await using egress = await startTestEgress(
      [route('api.test', upstream.port), route('other.test', upstream.port)],
      {
        plan: { extraCa: [authority.caPem] },
        resolve: (name) => (name === 'api.test' ? ['127.0.0.1'] : ['10.0.0.1']),
      },
    );
    expect((await egress.ask(`https://api.test:${upstream.port}/`)).status).toBe(200);
    expect((await egress.ask(`https://other.test:${upstream.port}/`)).status).toBe(403);
  });
});
