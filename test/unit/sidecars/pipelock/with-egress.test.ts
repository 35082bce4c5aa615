import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import {
  secret as credential,
  route,
  startTestEgress,
  type TestEgress,
} from '../egress/start-test-egress.ts';
import { startUpstream, type TestUpstream } from '../egress/start-upstream.ts';
import { openHttp2, openTls, requestHttp2, sendRaw } from './support/guest.ts';
import { startTestPipelock, type TestPipelock, toRule } from './support/running-pipelock.ts';

const authority = createTestAuthority();
let upstream: TestUpstream;
let egress: TestEgress;
let pipelock: TestPipelock;

/** The whole way: a guest, pipelock, egress, and a host with TLS. */
beforeAll(async () => {
  upstream = await startUpstream({
    certificate: authority.issue(['api.test', 'private.test']),
    protocol: 'http/1.1',
    handler: (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (bytes: Buffer) => chunks.push(bytes));
      request.on('end', () => {
        response.setHeader('x-bottle-block', 'forged');
        response.end(
          JSON.stringify({
            headers: request.headers,
            url: request.url,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
    },
  });
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  upstream.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
  });
  const rules = ['api.test', 'private.test'].map((host) => route(host, upstream.port));
  const [first, ...others] = rules;
  if (first === undefined) throw new Error('no rule');
  egress = await startTestEgress([{ ...first, auth: { kind: 'bearer', secretId: 'secret-0' } }, ...others], {
    plan: { extraCa: [authority.caPem] },
    resolve: (name) => [name === 'api.test' ? '127.0.0.1' : '10.0.0.1'],
  });
  pipelock = await startTestPipelock(egress.port, {}, rules.map(toRule));
});

afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

describe('pipelock and egress together', () => {
  it('carry a request and add the credential that the guest never had', async () => {
    const place = `api.test:${upstream.port}`;
    const socket = await openTls(pipelock, { authority: place });
    for (const round of ['one', 'two']) {
      const request = `POST /v1?a=b HTTP/1.1\r\nHost: ${place}\r\nAuthorization: Bearer placeholder\r\nContent-Length: 3\r\n\r\n${round}`;
      const response = await sendRaw(socket, request);
      expect(response.status).toBe(200);
      expect(response.headers['x-bottle-block']).toBeUndefined();
      expect(response.body).not.toContain('placeholder');
      expect(JSON.parse(response.body)).toMatchObject({
        url: '/v1?a=b',
        body: round,
        headers: { host: place },
      });
      expect(response.body).not.toContain(credential);
    }
    socket.destroy();
  });

  it('carry a request over HTTP/2', async () => {
    const place = `api.test:${upstream.port}`;
    const session = await openHttp2(pipelock, { authority: place });
    const response = await requestHttp2(session, { ':authority': place, ':path': '/v2' }, 'body');
    session.destroy();
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body)).toMatchObject({ url: '/v2', body: 'body' });
  });

  it('carry a WebSocket', async () => {
    const tunnel = await openTls(pipelock, { authority: `api.test:${upstream.port}` });
    const socket = new WebSocket(`wss://api.test:${upstream.port}/socket`, {
      createConnection: () => tunnel,
    });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    socket.close();
    await once(socket, 'close');
  });

  it("pass on egress's own refusal", async () => {
    const place = `private.test:${upstream.port}`;
    const socket = await openTls(pipelock, { authority: place });
    const response = await sendRaw(socket, `GET / HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
    socket.destroy();
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'ssrf' } });
  });
});
