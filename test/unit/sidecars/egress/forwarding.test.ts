import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { route, startTestEgress, type TestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test', 'other.test', '127.0.0.1']);

describe.each(['http/1.1', 'h2'] as const)('forwarding to %s', (protocol) => {
  let upstream: TestUpstream;
  let egress: TestEgress;

  beforeAll(async () => {
    upstream = await startUpstream({
      certificate,
      protocol,
      handler: (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
          if (request.url === '/redirect') {
            response.writeHead(302, { location: 'https://other.test/elsewhere' });
            response.end();
            return;
          }
          response.setHeader('x-bottle-block', 'forged');
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              version: request.httpVersion,
              method: request.method,
              url: request.url,
              host: request.headers.host ?? request.headers[':authority'],
              headers: request.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        });
      },
    });
    egress = await startTestEgress(
      [
        route('api.test', upstream.port, {
          methods: ['GET', 'POST', 'HEAD'],
          paths: ['/open/**', '/redirect'],
        }),
        route('127.0.0.1', upstream.port),
      ],
      { plan: { extraCa: [authority.caPem] } },
    );
  });
  afterAll(async () => {
    await egress[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const base = () => `https://api.test:${upstream.port}`;

  it('passes method, path, query, fields and body on, and the answer back', async () => {
    const answer = await egress.ask(`${base()}/open/a%20b?x=1&x=2`, {
      method: 'POST',
      headers: {
        'X-Own': ['1', '2'],
        Connection: 'X-Hop',
        'X-Hop': 'gone',
        'Proxy-Authorization': 'x',
        'X-Bottle-Name': 'x',
      },
      body: 'hello',
    });
    expect(answer.status, answer.body).toBe(200);
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({
      version: protocol === 'h2' ? '2.0' : '1.1',
      method: 'POST',
      url: '/open/a%20b?x=1&x=2',
      host: `api.test:${upstream.port}`,
      body: 'hello',
    });
    expect(seen.headers['x-own']).toBe('1, 2');
    for (const name of ['x-hop', 'proxy-authorization', 'x-bottle-name'])
      expect(seen.headers).not.toHaveProperty(name);
  });
});
