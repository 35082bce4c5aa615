import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { EgressRoute } from '../../../../src/plans/egress-plan.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, startTestEgress, type TestEgress } from './start-test-egress.ts';
import { startUpstream, type TestUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['kept.test', 'granted.test', 'shared.test']);
const protocols = ['http/1.1', 'h2'] as const;

interface Seen {
  readonly url: string;
  readonly body: string;
  readonly complete: boolean;
}

/** A host with its log; `/events` never ends. */
async function startHost(
  protocol: (typeof protocols)[number],
): Promise<{ readonly host: TestUpstream; readonly seen: Seen[]; readonly open: () => Promise<number> }> {
  const seen: Seen[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  const host = await startUpstream({
    certificate,
    protocol,
    handler(request, response) {
      let body = '';
      request.on('data', (bytes) => {
        body += bytes;
      });
      request.on('error', () => {});
      request.once('close', () => {
        seen.push({ url: request.url ?? '', body, complete: request.complete && !request.aborted });
      });
      if (request.url === '/granted/events' || request.url === '/kept/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const timer = setInterval(() => response.write('data: tick\n\n'), 5);
        response.once('close', () => clearInterval(timer));
      } else request.once('end', () => response.end('ok'));
    },
  });
  host.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted));
  });
  const open = (): Promise<number> =>
    new Promise((resolve) => host.server.getConnections((_error, count) => resolve(count)));
  return { host, seen, open };
}

function routesTo(port: number): {
  readonly kept: readonly EgressRoute[];
  readonly granted: readonly EgressRoute[];
} {
  const kept = [
    { ...route('kept.test', port), id: 'egress.routes[0]' },
    { ...route('shared.test', port), id: 'egress.routes[1]', paths: ['/kept/**'] },
  ];
  const granted = [
    ...kept,
    { ...route('granted.test', port), id: 'grant:1' },
    { ...route('shared.test', port), id: 'grant:2', paths: ['/granted/**'] },
  ];
  return { kept, granted };
}

const start = (
  routes: readonly EgressRoute[],
  resolve?: (name: string) => readonly string[] | Promise<readonly string[]>,
) =>
  startTestEgress(routes, {
    plan: { extraCa: [authority.caPem] },
    ...(resolve === undefined ? {} : { resolve }),
  });

/** Resolves once an answer is over: whether it was whole. */
async function isWhole(answer: IncomingMessage): Promise<boolean> {
  answer.on('error', () => {}).resume();
  if (!answer.closed) await new Promise((resolve) => answer.once('close', resolve));
  return answer.complete;
}

async function statusOf(egress: TestEgress, url: string): Promise<number> {
  return (await egress.ask(url)).status;
}

describe.each(protocols)('a route that is revoked, over %s,', (protocol) => {
  it('cuts its answers that are under way, closes its connections, and leaves others alone', async () => {
    const { host, open } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    const url = (name: string, path: string) => `https://${name}.test:${host.port}${path}`;
    const doomed = await egress.open(url('granted', '/granted/events'));
    const control = await egress.open(url('kept', '/kept/events'));
    await Promise.all([once(doomed, 'data'), once(control, 'data')]);
    expect(await open()).toBe(2);

    expect(egress.replaceRoutes(kept)).toBe(1);
    expect(await isWhole(doomed)).toBe(false);
    await expect.poll(open).toBe(1);
    await once(control, 'data');
    expect(await statusOf(egress, url('granted', '/'))).toBe(403);
    expect(await statusOf(egress, url('kept', '/'))).toBe(200);
    expect(egress.log.find(({ error }) => error === 'revoked')).toMatchObject({
      event: 'egress_request',
      rule: 'grant:1',
    });
    control.destroy();
  });

  it('closes connections of it that are idle', async () => {
    const { host, open } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    for (const name of ['kept', 'granted'])
      expect(await statusOf(egress, `https://${name}.test:${host.port}/`)).toBe(200);
    expect(await open()).toBe(2);
    expect(egress.replaceRoutes(kept)).toBe(0);
    await expect.poll(open).toBe(1);
    // The one that is left is the other route's, and is used again.
    expect(await statusOf(egress, `https://kept.test:${host.port}/`)).toBe(200);
    expect(host.connections()).toBe(2);
  });

  it('lets what another route has under way with the same host end in peace, and uses nothing of it again', async () => {
    const { host, open } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    const url = (path: string) => `https://shared.test:${host.port}${path}`;
    const control = await egress.open(url('/kept/events'));
    await once(control, 'data');
    const doomed = await egress.open(url('/granted/events'));
    await once(doomed, 'data');
    expect(await statusOf(egress, url('/granted/1'))).toBe(200);
    expect(egress.replaceRoutes(kept)).toBe(1);
    expect(await isWhole(doomed)).toBe(false);
    // Of HTTP/1.1 there was an idle one, too.
    await expect.poll(open).toBe(1);
    await once(control, 'data');
    const before = host.connections();
    expect(await statusOf(egress, url('/kept/1'))).toBe(200);
    expect(host.connections()).toBe(before + 1);
    // Over, its connection closes as well; the new one stays.
    control.destroy();
    await expect.poll(open).toBe(1);
  });

  it('breaks an upload off', async () => {
    const { host, seen } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    const outgoing = sendRequest({
      port: egress.port,
      host: '127.0.0.1',
      method: 'POST',
      path: `https://granted.test:${host.port}/upload`,
    });
    const failed = new Promise((resolve) => outgoing.once('error', resolve));
    outgoing.write('first');
    await expect.poll(() => host.requests()).toBe(1);
    expect(egress.replaceRoutes(kept)).toBe(1);
    outgoing.end('second');
    await failed;
    await expect.poll(() => seen.length).toBe(1);
    expect(seen[0]).toMatchObject({ url: '/upload', complete: false });
    expect(seen[0]?.body).not.toContain('second');
  });

  it('keeps a request from being sent whose connection is still being made', async () => {
    const { host, seen, open } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    const resolved = Promise.withResolvers<readonly string[]>();
    const asked: string[] = [];
    await using egress = await start(granted, (name) => {
      asked.push(name);
      return resolved.promise;
    });
    const url = (path: string) => `https://shared.test:${host.port}${path}`;
    const doomed = egress.ask(url('/granted/1')).catch((error: Error) => error);
    await expect.poll(() => asked.length).toBe(1);
    const control = egress.ask(url('/kept/1'));
    // What is asked later is answered, so the control is waiting by now, for the same connection.
    expect(await statusOf(egress, url('/other'))).toBe(403);
    expect(egress.replaceRoutes(kept)).toBe(1);
    resolved.resolve(['127.0.0.1']);
    expect(await doomed).toBeInstanceOf(Error);
    expect((await control).status).toBe(200);
    expect(seen.map((one) => one.url)).toEqual(['/kept/1']);
    // What was made for both is used by nobody afterwards.
    await expect.poll(open).toBe(0);
  });

  it('cuts what it has with another credential, too', async () => {
    const { host } = await startHost(protocol);
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    const doomed = await egress.open(`https://granted.test:${host.port}/granted/events`);
    await once(doomed, 'data');
    const changed = granted.map((one) => (one.id === 'grant:1' ? { ...one, auth: bearer } : one));
    expect(egress.replaceRoutes(changed)).toBe(1);
    expect(await isWhole(doomed)).toBe(false);
    expect(await statusOf(egress, `https://granted.test:${host.port}/`)).toBe(200);
    expect(egress.log.at(-1)).toMatchObject({ credential: 'API_KEY' });
    expect(kept).toHaveLength(2);
  });
});

describe('a route that is revoked', () => {
  it('cuts its WebSockets, and no other', async () => {
    const { host, open } = await startHost('http/1.1');
    await using _host = host;
    const { kept, granted } = routesTo(host.port);
    await using egress = await start(granted);
    const connectTo = async (name: string): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${egress.port}/`, {
        perMessageDeflate: false,
        finishRequest: (request) => {
          request.path = `https://${name}.test:${host.port}/socket`;
          request.end();
        },
      });
      socket.on('error', () => {});
      await once(socket, 'open');
      return socket;
    };
    const [doomed, control] = await Promise.all([connectTo('granted'), connectTo('kept')]);
    expect(await open()).toBe(2);
    const closed = once(doomed, 'close');
    expect(egress.replaceRoutes(kept)).toBe(1);
    await closed;
    await expect.poll(open).toBe(1);
    control.send('hello');
    expect(String((await once(control, 'message'))[0])).toBe('hello');
    control.terminate();
  });

  it('keeps a WebSocket from being asked for whose connection is still being made', async () => {
    const { host, open: countOpen } = await startHost('http/1.1');
    await using _host = host;
    let upgrades = 0;
    host.server.on('upgrade', () => {
      upgrades += 1;
    });
    const { kept, granted } = routesTo(host.port);
    const resolved = Promise.withResolvers<readonly string[]>();
    let asked = 0;
    await using egress = await start(granted, () => {
      asked += 1;
      return resolved.promise;
    });
    const open = (name: string): WebSocket => {
      const socket = new WebSocket(`ws://127.0.0.1:${egress.port}/`, {
        finishRequest: (request) => {
          request.path = `https://${name}.test:${host.port}/socket`;
          request.end();
        },
      });
      socket.on('error', () => {});
      return socket;
    };
    const [doomed, control] = [open('granted'), open('kept')];
    await expect.poll(() => asked).toBe(2);
    const closed = new Promise((resolve) => doomed.once('close', resolve));
    expect(egress.replaceRoutes(kept)).toBe(1);
    resolved.resolve(['127.0.0.1']);
    await Promise.all([closed, once(control, 'open')]);
    expect(upgrades).toBe(1);
    await expect.poll(countOpen).toBe(1);
    control.terminate();
  });

  it('is not forgotten by a change that cannot be made', async () => {
    const { host } = await startHost('http/1.1');
    await using _host = host;
    const { granted } = routesTo(host.port);
    await using egress = await start(granted);
    const withNoValue = granted.map((one) => ({
      ...one,
      auth: { kind: 'bearer', secretId: 'secret-9' } as const,
    }));
    expect(() => egress.replaceRoutes(withNoValue)).toThrow('did not arrive');
    expect(await statusOf(egress, `https://granted.test:${host.port}/`)).toBe(200);
    expect(egress.log.at(-1)).toMatchObject({ credential: null });
  });
});
