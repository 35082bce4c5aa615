import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { PipelockRule } from '../../../../src/plans/pipelock-plan.ts';
import { type FakeEgress, type SeenRequest, startFakeEgress } from './support/fake-egress.ts';
import {
  openConnect,
  openHttp2,
  openSocket,
  openTls,
  readUntil,
  requestHttp2,
  sendRaw,
} from './support/guest.ts';
import { startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

const anything = { scheme: 'https', port: 443, methods: null, paths: null, exempt: [] } as const;
const kept: readonly PipelockRule[] = [
  { ...anything, id: 'egress.routes[0]', host: 'open.test' },
  { ...anything, id: 'egress.routes[1]', host: 'plain.test', scheme: 'http', port: 80 },
  { ...anything, id: 'egress.routes[2]', host: 'shared.test', paths: ['/kept/**'] },
];
const granted: readonly PipelockRule[] = [
  { ...anything, id: 'grant:1', host: 'granted.test' },
  { ...anything, id: 'grant:2', host: 'granted.test', scheme: 'http', port: 80 },
  { ...anything, id: 'grant:3', host: 'shared.test', paths: ['/granted/**'] },
];

let egress: FakeEgress;
let pipelock: TestPipelock;
/** Answers that the host's side never ends. */
let streams: ServerResponse[];

beforeEach(async () => {
  streams = [];
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  egress = await startFakeEgress(respond, (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted));
  });
  pipelock = await startTestPipelock(egress.port, {}, [...kept, ...granted]);
});

afterEach(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

function respond({ url }: SeenRequest, response: ServerResponse): void {
  if (!url.endsWith('/events')) return void response.end('ok');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: 1\n\n');
  streams.push(response);
}

const get = (host: string, path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
/** Resolves when a connection is over, in whatever way. */
function isOver(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    // What is paused does not see its end.
    else stream.resume().once('close', () => resolve());
  });
}

/** Two connections of one kind, one for what is revoked and one for what stays. */
interface Kind {
  readonly open: (host: string) => Promise<Duplex>;
  /** Whether it still works. */
  readonly use: (connection: Duplex, host: string) => Promise<boolean>;
}

const sockets = new WeakMap<Duplex, WebSocket>();
const kinds: Readonly<Record<string, Kind>> = {
  'a kept-alive tunnel': {
    async open(host) {
      const socket = await openTls(pipelock, { authority: `${host}:443` });
      await sendRaw(socket, get(host));
      return socket;
    },
    use: async (socket, host) => (await sendRaw(socket, get(host))).status === 200,
  },
  'a WebSocket': {
    async open(host) {
      const tunnel = await openTls(pipelock, { authority: `${host}:443` });
      const socket = new WebSocket(`wss://${host}/socket`, { createConnection: () => tunnel });
      socket.on('error', () => {});
      await once(socket, 'open');
      sockets.set(tunnel, socket);
      return tunnel;
    },
    async use(tunnel) {
      const socket = sockets.get(tunnel);
      socket?.send('hello');
      return socket !== undefined && String((await once(socket, 'message'))[0]) === 'hello';
    },
  },
  'a stream of events': {
    async open(host) {
      const socket = await openTls(pipelock, { authority: `${host}:443` });
      socket.write(get(host, '/events'));
      await readUntil(socket, (text) => text.includes('data: 1'));
      return socket;
    },
    async use(socket) {
      for (const stream of streams) stream.write('data: 2\n\n');
      return (await readUntil(socket, (text) => text.includes('data: 2'))).includes('data: 2');
    },
  },
  'a connection of the proxy itself': {
    async open(host) {
      const socket = await openSocket(pipelock.port);
      await sendRaw(socket, get(host, `http://${host}/`));
      return socket;
    },
    use: async (socket, host) => (await sendRaw(socket, get(host, `http://${host}/`))).status === 200,
  },
  'a tunnel in which nothing was said yet': {
    open: (host) => openTls(pipelock, { authority: `${host}:443` }),
    use: async (socket, host) => (await sendRaw(socket, get(host))).status === 200,
  },
  'a tunnel without its TLS': {
    open: (host) => openConnect(pipelock, `${host}:443`),
    use: (socket) => Promise.resolve(!socket.destroyed),
  },
};

describe('a rule that is revoked', () => {
  it.each(Object.entries(kinds))('cuts %s, and no other', async (name, { open, use }) => {
    const stays = name.includes('proxy itself') ? 'plain.test' : 'open.test';
    const [doomed, control] = await Promise.all([open('granted.test'), open(stays)]);
    expect(pipelock.replaceRules(kept)).toBe(1);
    await isOver(doomed);
    expect(control.destroyed).toBe(false);
    expect(await use(control, stays)).toBe(true);
    control.destroy();
  });

  it('cuts an HTTP/2 session with its streams, and no other session', async () => {
    const open = (host: string) => openHttp2(pipelock, { authority: `${host}:443` });
    const [doomed, control] = await Promise.all([open('granted.test'), open('open.test')]);
    expect((await requestHttp2(doomed, { ':authority': 'granted.test' })).status).toBe(200);
    expect((await requestHttp2(control, { ':authority': 'open.test' })).status).toBe(200);
    const events = doomed.request({ ':path': '/events', ':authority': 'granted.test' });
    events.on('error', () => {});
    await once(events, 'data');
    expect(pipelock.replaceRules(kept)).toBe(1);
    await Promise.all([once(doomed, 'close'), once(events, 'close')]);
    expect((await requestHttp2(control, { ':authority': 'open.test' })).status).toBe(200);
    control.destroy();
  });

  it('ends what its requests have under way towards egress, before it returns', async () => {
    const socket = await openTls(pipelock, { authority: 'granted.test:443' });
    socket.write(
      'POST /upload HTTP/1.1\r\nHost: granted.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n',
    );
    await expect.poll(() => egress.received().toString()).toBe('first');
    socket.write('4\r\nnext\r\n0\r\n\r\n');
    expect(pipelock.replaceRules(kept)).toBe(1);
    await isOver(socket);
    await expect.poll(() => egress.seen.length).toBe(1);
    expect(egress.seen[0]).toMatchObject({ complete: false, body: Buffer.from('first') });
    // The control: with its rule in force the same upload arrives whole.
    pipelock.replaceRules([...kept, ...granted]);
    const again = await openTls(pipelock, { authority: 'granted.test:443' });
    const upload =
      'POST /upload HTTP/1.1\r\nHost: granted.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n4\r\nnext\r\n0\r\n\r\n';
    expect((await sendRaw(again, upload)).status).toBe(200);
    expect(egress.seen[1]?.body.toString()).toBe('firstnext');
    again.destroy();
  });

  it('lets a request that is still being read not begin', async () => {
    const socket = await openTls(pipelock, { authority: 'granted.test:443' });
    socket.write(
      'POST / HTTP/1.1\r\nHost: granted.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    );
    await readUntil(socket, (text) => text.includes('100 Continue'));
    socket.write('first');
    expect(pipelock.replaceRules(kept)).toBe(1);
    await isOver(socket);
    const control = await openTls(pipelock);
    expect((await sendRaw(control, get('open.test'))).status).toBe(200);
    expect(egress.seen.map(({ url }) => url)).toEqual(['https://open.test/']);
    control.destroy();
  });

  it('refuses what comes after it, also in tunnels that stay', async () => {
    const socket = await openTls(pipelock, { authority: 'shared.test:443' });
    expect((await sendRaw(socket, get('shared.test', '/kept/1'))).status).toBe(200);
    expect(pipelock.replaceRules(kept)).toBe(0);
    expect(await sendRaw(socket, get('shared.test', '/granted/1'))).toMatchObject({
      status: 403,
      headers: { 'x-bottle-block': 'allowlist' },
    });
    await expect(openConnect(pipelock, 'granted.test:443')).rejects.toThrow('CONNECT got 403');
    socket.destroy();
  });

  it('cuts a tunnel that used it among others', async () => {
    const socket = await openTls(pipelock, { authority: 'shared.test:443' });
    await sendRaw(socket, get('shared.test', '/kept/1'));
    await sendRaw(socket, get('shared.test', '/granted/1'));
    expect(pipelock.replaceRules(kept)).toBe(1);
    await isOver(socket);
  });

  it.each([
    ['other methods', { methods: ['GET'] }, 1],
    ['other paths', { paths: ['/**'] }, 1],
    ['an exemption less', { exempt: [] }, 1],
    ['an exemption more', { exempt: ['DATABASE_TOKEN', 'OTHER_TOKEN'] }, 0],
    ['nothing new', {}, 0],
  ] as const)('is one that stays with %s, or is not', async (_name, change, cut) => {
    const rule = { ...anything, id: 'grant:1', host: 'granted.test', exempt: ['DATABASE_TOKEN'] };
    pipelock.replaceRules([...kept, rule]);
    const socket = await openTls(pipelock, { authority: 'granted.test:443' });
    await sendRaw(socket, get('granted.test'));
    expect(pipelock.replaceRules([...kept, { ...rule, ...change }])).toBe(cut);
    if (cut === 1) await isOver(socket);
    else expect((await sendRaw(socket, get('granted.test'))).status).toBe(200);
    socket.destroy();
  });
});

describe('a rule that is added', () => {
  it('holds for the next request of a connection that is open already', async () => {
    pipelock.replaceRules(kept);
    const socket = await openTls(pipelock, { authority: 'shared.test:443' });
    expect((await sendRaw(socket, get('shared.test', '/granted/1'))).status).toBe(403);
    expect(pipelock.replaceRules([...kept, ...granted])).toBe(0);
    expect((await sendRaw(socket, get('shared.test', '/granted/1'))).status).toBe(200);
    socket.destroy();
  });

  it('holds for the next stream of an HTTP/2 session', async () => {
    pipelock.replaceRules(kept);
    const session = await openHttp2(pipelock, { authority: 'shared.test:443' });
    const ask = () => requestHttp2(session, { ':authority': 'shared.test', ':path': '/granted/1' });
    expect((await ask()).status).toBe(403);
    pipelock.replaceRules([...kept, ...granted]);
    expect((await ask()).status).toBe(200);
    session.destroy();
  });
});
