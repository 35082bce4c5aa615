import { once } from 'node:events';
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { route, startTestEgress } from './start-test-egress.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test']);

type Serve = (stream: ServerHttp2Stream, count: number, session: ServerHttp2Session) => void;

/** A host that speaks HTTP/2 alone, stream by stream; `count` starts at 1. */
async function startHost(serve: Serve, settings = {}) {
  let count = 0;
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer({ ...certificate, settings });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume();
    count += 1;
    if (stream.session instanceof Object) serve(stream, count, stream.session as ServerHttp2Session);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    streams: () => count,
    sessions,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

const answer: Serve = (stream, count) => {
  stream.respond({ ':status': 200 });
  stream.end(String(count));
};

const tables: readonly (readonly [string, 'GET' | 'POST', Serve, number, number])[] = [
  [
    'a refused stream is asked for again',
    'GET',
    (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    200,
    2,
  ],
  [
    'a refused stream with a body is not',
    'POST',
    (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    502,
    1,
  ],
  [
    'a stream that was broken off is not',
    'GET',
    (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    502,
    1,
  ],
  ['a lost connection is opened again', 'GET', (_stream, _count, session) => session.destroy(), 200, 2],
  ['a lost connection is not, after a body', 'POST', (_stream, _count, session) => session.destroy(), 502, 1],
];

describe('HTTP/2 connections that are lost', () => {
  it.each(tables)('%s', async (_name, method, breakFirst, status, streams) => {
    await using host = await startHost((stream, count, session) => {
      if (count === 1) breakFirst(stream, count, session);
      else answer(stream, count, session);
    });
    await using egress = await startTestEgress([route('api.test', host.port)], {
      plan: { extraCa: [authority.caPem] },
    });
    const asked = await egress.ask(`https://api.test:${host.port}/`, {
      method,
      ...(method === 'POST' ? { body: 'x' } : {}),
    });
    expect(asked.status, asked.body).toBe(status);
    expect(asked.headers['x-bottle-error']).toBe(status === 200 ? undefined : 'reset');
    expect(host.streams()).toBe(streams);
    expect((await egress.ask(`https://api.test:${host.port}/`)).status).toBe(200);
  });

  it('after a GOAWAY what runs is finished and what is new goes over a new connection', async () => {
    const held: ServerHttp2Stream[] = [];
    await using host = await startHost((stream, count, session) => {
      if (count > 1) return answer(stream, count, session);
      stream.respond({ ':status': 200 });
      stream.write('begun ');
      held.push(stream);
      session.goaway();
    });
    await using egress = await startTestEgress([route('api.test', host.port)], {
      plan: { extraCa: [authority.caPem] },
    });
    const url = `https://api.test:${host.port}/`;
    const first = await egress.open(url);
    await once(first, 'data');
    expect(await egress.ask(url)).toMatchObject({ status: 200, body: '2' });
    expect(host.sessions.size).toBe(2);
    const rest = text(first);
    held[0]?.end('and finished');
    expect(await rest).toBe('and finished');
  });

  it('opens a second connection when the first has all the streams it may', async () => {
    const held: ServerHttp2Stream[] = [];
    await using host = await startHost(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.write('begun');
        held.push(stream);
      },
      { maxConcurrentStreams: 2 },
    );
    await using egress = await startTestEgress([route('api.test', host.port)], {
      plan: { extraCa: [authority.caPem] },
    });
    const url = `https://api.test:${host.port}/`;
    for (let count = 0; count < 3; count++) await once(await egress.open(url), 'data');
    expect(host.sessions.size).toBe(2);
    for (const stream of held) stream.end();
  });
});
