import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { route, startTestEgress, type TestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test', 'other.test', '127.0.0.1']);

/** What the host does, by path. */
const behaviours: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/echo': (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('x-bottle-block', 'forged');
      response.setHeader('set-cookie', ['a=1', 'b=2']);
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
  '/redirect': (_request, response) => {
    response.writeHead(302, { location: 'https://other.test/elsewhere' });
    response.end();
  },
  '/status': (_request, response) => {
    response.statusCode = 418;
    response.end('short and stout');
  },
  '/not-modified': (_request, response) => {
    response.writeHead(304, { etag: '"1"' });
    response.end();
  },
  '/trailers': (_request, response) => {
    response.write('body');
    response.addTrailers({ 'x-checksum': '42' });
    response.end();
  },
  '/early': (_request, response) => {
    response.writeHead(413, { 'content-length': '4' });
    response.end('full');
  },
  '/mirror': (request, response) => {
    request.pipe(response);
  },
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('after hints');
  },
};

describe.each(['http/1.1', 'h2'] as const)('forwarding to a host that speaks %s', (protocol) => {
  let upstream: TestUpstream;
  let egress: TestEgress;
  let base: string;

  beforeAll(async () => {
    upstream = await startUpstream({
      certificate,
      protocol,
      handler: (request, response) => {
        const behaviour = behaviours[new URL(request.url ?? '', 'https://x').pathname];
        if (behaviour === undefined) response.destroy();
        else behaviour(request, response);
      },
    });
    base = `https://api.test:${upstream.port}`;
    egress = await startTestEgress([route('api.test', upstream.port), route('127.0.0.1', upstream.port)], {
      plan: { extraCa: [authority.caPem] },
    });
  });
  afterAll(async () => {
    await egress[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  it('passes method, path, query, fields and body on, without what is between neighbours', async () => {
    const answer = await egress.ask(`${base}/echo?x=1&x=%20`, {
      method: 'POST',
      headers: {
        'X-Own': ['1', '2'],
        Connection: 'X-Hop',
        'X-Hop': 'gone',
        'Proxy-Authorization': 'gone',
        'X-Bottle-Name': 'gone',
        TE: 'trailers',
        Authorization: 'the guest may, where the route has none',
      },
      body: 'hello',
    });
    expect(answer.status, answer.body).toBe(200);
    expect(answer.headers['x-bottle-block']).toBeUndefined();
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    const seen = JSON.parse(answer.body);
    expect(seen).toMatchObject({
      version: protocol === 'h2' ? '2.0' : '1.1',
      method: 'POST',
      url: '/echo?x=1&x=%20',
      host: `api.test:${upstream.port}`,
      body: 'hello',
    });
    expect(seen.headers).toMatchObject({
      'x-own': '1, 2',
      authorization: 'the guest may, where the route has none',
    });
    for (const name of ['x-hop', 'proxy-authorization', 'x-bottle-name', 'te']) {
      expect(seen.headers).not.toHaveProperty(name);
    }
  });

  it.each(['GET', 'HEAD', 'DELETE', 'POST', 'PUT', 'PATCH', 'OPTIONS'])(
    '%s without a body',
    async (method) => {
      const answer = await egress.ask(`${base}/echo`, { method });
      expect(answer.status).toBe(200);
      if (method !== 'HEAD') expect(JSON.parse(answer.body)).toMatchObject({ method, body: '' });
    },
  );

  it.each([
    ['/redirect', 302, ''],
    ['/status', 418, 'short and stout'],
    ['/not-modified', 304, ''],
    ['/hints', 200, 'after hints'],
  ])('gives the answer of %s as it is', async (path, status, body) => {
    const before = upstream.requests();
    expect(await egress.ask(`${base}${path}`)).toMatchObject({ status, body });
    // A redirect is the guest's to follow, through every check again.
    expect(upstream.requests()).toBe(before + 1);
  });

  it('an IP address in the place of the host', async () => {
    const answer = await egress.ask(`https://127.0.0.1:${upstream.port}/echo`);
    expect(JSON.parse(answer.body)).toMatchObject({ host: `127.0.0.1:${upstream.port}` });
  });

  it('passes trailers on', async () => {
    expect(await egress.ask(`${base}/trailers`)).toMatchObject({
      body: 'body',
      trailers: { 'x-checksum': '42' },
    });
  });

  it('streams both ways at once: what is sent comes back before the request ends', async () => {
    const socket = connect(egress.port, '127.0.0.1');
    socket.write(
      `POST ${base}/mirror HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n`,
    );
    const collected: Buffer[] = [];
    const heard = async (text: string): Promise<void> => {
      while (!Buffer.concat(collected).includes(text)) collected.push((await once(socket, 'data'))[0]);
    };
    await heard('ping');
    socket.write('4\r\npong\r\n');
    await heard('pong');
    socket.write('0\r\n\r\n');
    await heard('0\r\n\r\n');
    socket.destroy();
  });

  it('carries a large body there and back unchanged', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefgh').toString();
    const answer = await egress.ask(`${base}/mirror`, { method: 'POST', body });
    expect(answer.body === body).toBe(true);
  });

  it('passes an answer on that comes before the request has ended', async () => {
    const socket = connect(egress.port, '127.0.0.1');
    socket.write(
      `POST ${base}/early HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000000\r\n\r\nonly the beginning`,
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 413 /);
    // The rest of the request does not stand in the way of the next one.
    socket.write('x'.repeat(1_000_000 - 'only the beginning'.length));
    socket.write(`GET ${base}/status HTTP/1.1\r\nHost: api.test\r\n\r\n`);
    const collected: Buffer[] = [head];
    while (!Buffer.concat(collected).includes('HTTP/1.1 418 '))
      collected.push((await once(socket, 'data'))[0]);
    socket.destroy();
  });

  it('uses one connection for requests one after another, and a new one after it is lost', async () => {
    await egress.ask(`${base}/echo`);
    const before = upstream.connections();
    for (let count = 0; count < 5; count++) await egress.ask(`${base}/echo`);
    expect(upstream.connections()).toBe(before);
    upstream.dropConnections();
    expect((await egress.ask(`${base}/echo`)).status).toBe(200);
    expect(upstream.connections()).toBe(before + 1);
  });

  it('fields that the host cannot be sent are refused, and the daemon lives on', async () => {
    const answer = await egress.ask(`${base}/status`, { headers: { 'User-Agent': ['one', 'two'] } });
    expect(answer.status).toBe(protocol === 'h2' ? 400 : 418);
    expect(answer.headers['x-bottle-block']).toBe(protocol === 'h2' ? 'http' : undefined);
    expect((await egress.ask(`${base}/status`)).status).toBe(418);
    expect(egress.log.filter((entry) => entry.event === 'request_defect')).toEqual([]);
  });

  it('many requests at once all get their own answers', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => egress.ask(`${base}/echo?n=${index}`)),
    );
    expect(answers.map((answer) => JSON.parse(answer.body).url)).toEqual(
      Array.from({ length: 40 }, (_, index) => `/echo?n=${index}`),
    );
  });
});

describe('a plain http route', () => {
  it('is forwarded in the clear, and only under its own scheme', async () => {
    await using upstream = await startUpstream({
      certificate: null,
      protocol: 'http/1.1',
      handler: (_request, response) => response.end('in the clear'),
    });
    await using egress = await startTestEgress([route('api.test', upstream.port, { scheme: 'http' })]);
    expect(await egress.ask(`http://api.test:${upstream.port}/`)).toMatchObject({
      status: 200,
      body: 'in the clear',
    });
    expect(await egress.ask(`https://api.test:${upstream.port}/`)).toMatchObject({ status: 403 });
  });
});
