import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toRefusalLine } from '../../../../src/sidecars/daemon/refusal-line.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, startTestEgress, type TestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
let upstream: TestUpstream;
let egress: TestEgress;

beforeAll(async () => {
  upstream = await startUpstream({
    certificate: authority.issue(['api.test', 'sub.zone.test', 'cred.test']),
    protocol: 'http/1.1',
    handler: (_request, response) => response.end('reached'),
  });
  egress = await startTestEgress(
    [
      route('api.test', upstream.port, { methods: ['GET'], paths: ['/v1/**'] }),
      route('*.zone.test', upstream.port),
      route('cred.test', upstream.port, { auth: bearer }),
    ],
    { plan: { extraCa: [authority.caPem] } },
  );
});
afterAll(async () => {
  await egress[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** Writes bytes as they are and gives the first bytes back. */
async function send(bytes: string): Promise<string> {
  const socket = connect(egress.port, '127.0.0.1');
  socket.write(bytes);
  const [first] = await once(socket, 'data');
  socket.destroy();
  return String(first);
}

describe('egress decides again what pipelock let through', () => {
  it.each([
    ['the listed host and path', 'GET', 'https://api.test:PORT/v1/x', 200],
    ['a name below a zone', 'POST', 'https://sub.zone.test:PORT/', 200],
    ['another path', 'GET', 'https://api.test:PORT/v2/x', 403],
    ['another method', 'POST', 'https://api.test:PORT/v1/x', 403],
    ['another port', 'GET', 'https://api.test/v1/x', 403],
    ['another scheme', 'GET', 'http://api.test:PORT/v1/x', 403],
    ['another host', 'GET', 'https://evil.test:PORT/v1/x', 403],
    ['the zone itself', 'GET', 'https://zone.test:PORT/', 403],
    ['TRACE, although any method is listed', 'TRACE', 'https://sub.zone.test:PORT/', 403],
    ['user information', 'GET', 'https://u:p@api.test:PORT/v1/x', 403],
    ['a trailing dot', 'GET', 'https://api.test.:PORT/v1/x', 403],
    ['capital letters', 'GET', 'https://API.test:PORT/v1/x', 403],
    ['a path that climbs', 'GET', 'https://api.test:PORT/v1/../v2', 403],
    ['a fragment', 'GET', 'https://api.test:PORT/v1/x#y', 403],
    ['origin form', 'GET', '/v1/x', 403],
    ['another scheme name', 'GET', 'ftp://api.test:PORT/v1/x', 403],
  ])('%s', async (_name, method, url, status) => {
    const before = upstream.requests();
    const answer = await egress.ask(url.replace('PORT', String(upstream.port)), { method });
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.headers['x-bottle-block']).toBe('egress');
      expect(answer.body).toMatch(/^[A-Z].*\.\n$/);
      // A line that other daemons hear, with what the guest was told.
      const line = toRefusalLine('egress', { time: 'now', ...egress.log.at(-1) });
      expect(line).toMatchObject({ layer: 'egress', hint: answer.body.trim(), method });
    }
    expect(upstream.requests() - before).toBe(status === 200 ? 1 : 0);
  });

  it.each([
    ['CONNECT', 'CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n', 403],
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'length and chunks',
      'POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'another upgrade',
      'GET https://sub.zone.test/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      403,
    ],
  ])('%s on the wire', async (_name, bytes, status) => {
    const answer = await send(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('x-bottle-block: egress');
    // The daemon lives on.
    expect((await egress.ask(`https://api.test:${upstream.port}/v1/x`)).status).toBe(200);
  });

  it('refuses more requests at once than it may hold, and says so', async () => {
    const held: { end: () => void }[] = [];
    await using slow = await startUpstream({
      certificate: authority.issue(['slow.test']),
      protocol: 'http/1.1',
      handler: (_request, response) => held.push(response),
    });
    await using small = await startTestEgress([route('slow.test', slow.port)], {
      plan: { extraCa: [authority.caPem] },
      limits: { maxConnections: 2 },
    });
    const url = `https://slow.test:${slow.port}/`;
    const asked = [small.ask(url), small.ask(url)];
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await small.ask(url)).toMatchObject({ status: 503, headers: { 'x-bottle-error': 'busy' } });
    for (const response of held.splice(0)) response.end();
    expect((await Promise.all(asked)).map((answer) => answer.status)).toEqual([200, 200]);
    const after = small.ask(url);
    while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
    for (const response of held) response.end();
    expect((await after).status).toBe(200);
  });
});
