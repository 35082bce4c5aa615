import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { PipelockRule } from '../../../../src/plans/pipelock-plan.ts';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { type GuestResponse, openHttp2, openTls, requestHttp2, sendRaw } from './support/guest.ts';
import {
  otherLabel,
  otherSecret,
  secret,
  secretLabel,
  startTestPipelock,
  type TestPipelock,
} from './support/running-pipelock.ts';

const anything = { scheme: 'https', port: 443, methods: null, paths: null } as const;
const rules: readonly PipelockRule[] = [
  { ...anything, id: 'egress.routes[0]', host: 'exempt.test', paths: ['/in/**'], exempt: [secretLabel] },
  { ...anything, id: 'egress.routes[1]', host: 'exempt.test', exempt: [] },
  { ...anything, id: 'egress.routes[2]', host: 'strict.test', exempt: [] },
];
let egress: FakeEgress;
let pipelock: TestPipelock;

beforeAll(async () => {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  egress = await startFakeEgress(undefined, (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted));
  });
  pipelock = await startTestPipelock(egress.port, {}, rules, {
    supervise: true,
    exemptible: [secretLabel],
  });
});

afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

type Send = (host: string, path: string, value: string) => Promise<GuestResponse>;

async function send(host: string, bytes: string | Buffer): Promise<GuestResponse> {
  const socket = await openTls(pipelock, { authority: `${host}:443` });
  const response = await sendRaw(socket, bytes);
  socket.destroy();
  return response;
}

const places: Readonly<Record<string, Send>> = {
  'the path': (host, path, value) =>
    send(host, `GET ${path}${encodeURIComponent(value)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  'the query, in base64': (host, path, value) =>
    send(host, `GET ${path}?t=${Buffer.from(value).toString('base64url')} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  'a header': (host, path, value) =>
    send(host, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Token: ${value}\r\n\r\n`),
  'the body': (host, path, value) =>
    send(host, `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${value.length}\r\n\r\n${value}`),
  'a compressed body': (host, path, value) => {
    const body = gzipSync(value);
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
    return send(host, Buffer.concat([Buffer.from(head), body]));
  },
  'a trailer': (host, path, value) =>
    send(
      host,
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Token: ${value}\r\n\r\n`,
    ),
  'a body over HTTP/2': async (host, path, value) => {
    const session = await openHttp2(pipelock, { authority: `${host}:443` });
    const response = await requestHttp2(session, { ':authority': host, ':path': path }, value);
    session.destroy();
    return response;
  },
};

describe.each(Object.entries(places))('an exemption, with the secret in %s', (_place, ask) => {
  it('lets its secret pass on its rule', async () => {
    const seen = egress.seen.length;
    expect((await ask('exempt.test', '/in/', secret)).status).toBe(200);
    expect(egress.seen.length).toBe(seen + 1);
  });

  it.each([
    ['another secret on its rule', 'exempt.test', '/in/', otherSecret, otherLabel],
    ['both secrets on its rule', 'exempt.test', '/in/', `${secret}${otherSecret}`, otherLabel],
    ['its secret on another rule of its host', 'exempt.test', '/out/', secret, secretLabel],
    ['its secret on another host', 'strict.test', '/in/', secret, secretLabel],
  ])('does not let pass %s', async (_name, host, path, value, label) => {
    const response = await ask(host, path, value);
    expect(response.status).toBe(403);
    expect(response.headers['x-bottle-block']).toBe('dlp');
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      secret: label,
      route: host === 'strict.test' ? 'egress.routes[2]' : `egress.routes[${path === '/in/' ? 0 : 1}]`,
    });
  });
});

describe('an exemption', () => {
  it.each([
    ['lets its secret pass in a WebSocket message', secret, secret],
    ['does not let another pass there', otherSecret, 1008],
  ])('%s', async (_name, text, expected) => {
    const tunnel = await openTls(pipelock, { authority: 'exempt.test:443' });
    const socket = new WebSocket('wss://exempt.test/in/socket', { createConnection: () => tunnel });
    await once(socket, 'open');
    socket.send(text);
    const said = await Promise.race([
      once(socket, 'message').then(([data]) => String(data)),
      once(socket, 'close').then(([code]) => code),
    ]);
    expect(said).toBe(expected);
    socket.terminate();
  });

  it('puts nothing of its secret into the log', () => {
    const log = JSON.stringify(pipelock.log);
    expect(log).toContain('/in/');
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64url')])
      expect(log).not.toContain(form);
  });

  it('may be asked for where the list has the secret, and only there', async () => {
    const header = places['a header'] as Send;
    expect((await header('strict.test', '/', secret)).body).toContain(
      'ask for it with the tool pipelock-block',
    );
    expect((await header('strict.test', '/', otherSecret)).body).not.toContain('pipelock-block');
  });
});
