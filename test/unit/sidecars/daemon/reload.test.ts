import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { EgressRoute } from '../../../../src/plans/egress-plan.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { route } from '../egress/start-test-egress.ts';
import { startUpstream, type TestUpstream } from '../egress/start-upstream.ts';
import {
  openConnect,
  openHttp2,
  openTls,
  readUntil,
  requestHttp2,
  sendRaw,
} from '../pipelock/support/guest.ts';
import { startDaemonProcess, startProxies, type TestProxies } from './start-proxies.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['127.0.0.1']);
const secret = 'sk-live-7h+Qz-w==9d';

/** Two hosts are two ports of one address: names would need a resolver. */
let kept: TestUpstream;
let asked: TestUpstream;
let proxies: TestProxies;
let routes: readonly EgressRoute[];
let granted: readonly EgressRoute[];
let revision = 0;

beforeAll(async () => {
  [kept, asked] = await Promise.all([startHost(), startHost()]);
  routes = [{ ...route('127.0.0.1', kept.port), id: 'egress.routes[0]' }];
  granted = [...routes, { ...route('127.0.0.1', asked.port), id: 'grant:1' }];
  proxies = await startProxies(routes, { extraCa: [authority.caPem], secret });
});

afterAll(async () => {
  await proxies[Symbol.asyncDispose]();
  await Promise.all([kept[Symbol.asyncDispose](), asked[Symbol.asyncDispose]()]);
});

async function startHost(): Promise<TestUpstream> {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  const host = await startUpstream({
    certificate,
    protocol: 'http/1.1',
    handler(request, response) {
      if (request.url !== '/events') return void request.resume().once('end', () => response.end('ok'));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: tick\n\n'), 5);
      response.once('close', () => clearInterval(timer));
    },
  });
  host.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted));
  });
  return host;
}

/** Puts routes in force as an operator does. */
async function reload(next: readonly EgressRoute[]): Promise<readonly Record<string, unknown>[]> {
  revision += 1;
  proxies.write({ revision, routes: next });
  return await proxies.hangUp();
}

const placeOf = ({ port }: TestUpstream): string => `127.0.0.1:${port}`;
const inTunnel = (host: TestUpstream) => ({ authority: placeOf(host), serverName: '' });
const get = (host: TestUpstream, path = '/'): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${placeOf(host)}\r\n\r\n`;

describe('SIGHUP', () => {
  it('puts a route in force and takes it back, on connections that stay open', async () => {
    const control = await openTls(proxies, inTunnel(kept));
    expect((await sendRaw(control, get(kept))).status).toBe(200);
    await expect(openConnect(proxies, placeOf(asked))).rejects.toThrow('403');

    expect(await reload(granted)).toMatchObject([
      { event: 'reloaded', revision, connections_cut: 0 },
      { event: 'reloaded', revision, connections_cut: 0 },
    ]);
    const socket = await openTls(proxies, inTunnel(asked));
    expect((await sendRaw(socket, get(asked))).status).toBe(200);
    socket.write(get(asked, '/events'));
    await readUntil(socket, (text) => text.includes('tick'));

    // Both ends of the stream are cut; the host's side sees its connection close.
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    const [egress, pipelock] = await reload(routes);
    expect([egress, pipelock]).toMatchObject([
      { event: 'reloaded', revision },
      { event: 'reloaded', revision },
    ]);
    // Whoever is first cuts it for both.
    expect(Number(egress?.connections_cut) + Number(pipelock?.connections_cut)).toBeGreaterThan(0);
    await closed;
    await expect.poll(() => countConnections(asked)).toBe(0);
    await expect(openConnect(proxies, placeOf(asked))).rejects.toThrow('403');
    expect((await sendRaw(control, get(kept))).status).toBe(200);
    control.destroy();
  });

  it('is answered again when nothing changed', async () => {
    await reload(granted);
    const socket = await openTls(proxies, inTunnel(asked));
    await sendRaw(socket, get(asked));
    for (let times = 0; times < 3; times += 1) {
      expect(await proxies.hangUp()).toMatchObject([
        { event: 'reloaded', revision, connections_cut: 0 },
        { event: 'reloaded', revision, connections_cut: 0 },
      ]);
    }
    expect((await sendRaw(socket, get(asked))).status).toBe(200);
    socket.destroy();
  });

  it('undoes the last change, but does not bring back anything older', async () => {
    await reload(routes);
    await reload(granted);
    revision -= 1;
    proxies.write({ revision, routes });
    expect(await proxies.hangUp()).toMatchObject([
      { event: 'reloaded', revision },
      { event: 'reloaded', revision },
    ]);
    proxies.write({ revision: revision - 2, routes: granted });
    for (const answer of await proxies.hangUp()) {
      expect(answer).toMatchObject({ event: 'reload-refused', level: 'error' });
      expect(answer.message).toContain(`revision ${revision - 2} is too old to follow on ${revision}`);
    }
    await expect(openConnect(proxies, placeOf(asked))).rejects.toThrow('403');
    expect((await reload(granted)).map(({ event }) => event)).toEqual(['reloaded', 'reloaded']);
    (await openConnect(proxies, placeOf(asked))).destroy();
  });

  it('does not act by half of the files', async () => {
    await reload(routes);
    const before = readFileSync(join(proxies.folder, 'pipelock.yaml'), 'utf8');
    const other = { ...route('other.test', 443), id: 'grant:2' };
    revision += 1;
    proxies.write({ revision, routes: [...routes, other] });
    writeFileSync(join(proxies.folder, 'pipelock.yaml'), before);
    const [egress, pipelock] = await proxies.hangUp();
    expect(egress?.event).toBe('reloaded');
    expect(pipelock).toMatchObject({ event: 'reload-refused' });
    expect(String(pipelock?.message)).toContain('api_allowlist is not the hosts of the rules');
    expect((await reload(routes)).map(({ event }) => event)).toEqual(['reloaded', 'reloaded']);
  });

  type Change = readonly [name: string, file: string, change: (text: string) => string, words: string];
  const inJson =
    (change: (file: Record<string, unknown>) => object) =>
    (text: string): string =>
      JSON.stringify(change(JSON.parse(text)));
  const more = (fields: object) => inJson((file) => ({ ...file, ...fields }));
  const changes: readonly Change[] = [
    ['no JSON', 'egress.json', () => '{', 'egress.json: is not JSON'],
    ['another listener', 'egress.json', more({ listen: { address: '127.0.0.1', port: 1 } }), '"listen"'],
    ['another range', 'egress.json', more({ allowPrivate: ['10.0.0.0/8'] }), '"allowPrivate"'],
    ['another authority', 'egress.json', more({ extraCa: [] }), '"extraCa"'],
    ['a secret more', 'egress.json', moreSecrets(), '"secretIds"'],
    [
      'a secret by another name',
      'egress.json',
      more({ secretLabels: { 'secret-0': 'B' } }),
      '"secretLabels"',
    ],
    [
      'a route with a secret that is not there',
      'egress.json',
      inJson(({ routes: all, ...file }) => ({
        ...file,
        routes: (all as object[]).map((one) => ({
          ...one,
          auth: { kind: 'bearer', secretId: 'secret-7' },
        })),
      })),
      'needs a secret that is not in secretIds',
    ],
    [
      'other limits',
      'egress.json',
      inJson((file) => ({ ...file, limits: { ...(file.limits as object), maxConnections: 9 } })),
      '"limits"',
    ],
    ['no JSON', 'pipelock-rules.json', () => '', 'pipelock-rules.json: is not JSON'],
    [
      'an egress elsewhere',
      'pipelock-rules.json',
      more({ egress: { address: '127.0.0.1', port: 1 } }),
      '"egress"',
    ],
    ['names elsewhere', 'pipelock-rules.json', more({ dns: { address: '127.0.0.1', port: 1 } }), '"dns"'],
    ['more to exempt', 'pipelock-rules.json', more({ exemptible: ['API_KEY'] }), '"exemptible"'],
    ['nobody to ask', 'pipelock-rules.json', more({ supervise: false }), '"supervise"'],
    [
      'other limits',
      'pipelock-rules.json',
      inJson((file) => ({ ...file, limits: { ...(file.limits as object), headTimeoutMs: 9 } })),
      '"limits"',
    ],
    [
      'another listener',
      'pipelock.yaml',
      (text) => text.replace('listen: 127.0.0.1:0', 'listen: 127.0.0.1:1'),
      '"listen"',
    ],
    [
      'enforcement off',
      'pipelock.yaml',
      (text) => text.replace('enforce: true', 'enforce: false'),
      'enforce',
    ],
  ];
  function moreSecrets() {
    return more({
      secretIds: ['secret-0', 'secret-1'],
      secretLabels: { 'secret-0': 'API_KEY', 'secret-1': 'OTHER' },
    });
  }

  it.each(changes)('keeps to what is in force when it finds %s in %s', async (_name, file, change, words) => {
    await reload(routes);
    revision += 1;
    proxies.write({ revision, routes: granted });
    const path = join(proxies.folder, file);
    const good = readFileSync(path, 'utf8');
    writeFileSync(path, change(good));
    const answers = await proxies.hangUp();
    const refuser = file === 'egress.json' ? 0 : 1;
    expect(answers[refuser]).toMatchObject({ event: 'reload-refused', level: 'error' });
    expect(String(answers[refuser]?.message)).toMatch(/^The new configuration is not acted by: .*\.$/s);
    expect(String(answers[refuser]?.message)).toContain(words);
    expect(String(answers[refuser]?.message)).not.toContain('sk-live');
    expect(answers[1 - refuser]).toMatchObject({ event: 'reloaded', revision });
    // One of the two does not go along, so nothing reaches the host yet.
    const reached = asked.requests();
    const tunnel = await openTls(proxies, inTunnel(asked)).catch(() => null);
    const status = tunnel === null ? 403 : (await sendRaw(tunnel, get(asked))).status;
    tunnel?.destroy();
    expect(status).toBe(403);
    expect(asked.requests()).toBe(reached);
    // The control: the file as it was is acted by.
    writeFileSync(path, good);
    expect(await proxies.hangUp()).toMatchObject([
      { event: 'reloaded', revision },
      { event: 'reloaded', revision },
    ]);
    const allowed = await openTls(proxies, inTunnel(asked));
    expect((await sendRaw(allowed, get(asked))).status).toBe(200);
    allowed.destroy();
  });

  it('neither drops nor delays what others have under way, a hundred times under load', async () => {
    await reload(routes);
    const stop = new AbortController();
    const socket = await openTls(proxies, inTunnel(kept));
    const session = await openHttp2(proxies, inTunnel(kept));
    const webSocketTunnel = await openTls(proxies, inTunnel(kept));
    const webSocket = new WebSocket(`wss://${placeOf(kept)}/`, {
      createConnection: () => webSocketTunnel,
    });
    await once(webSocket, 'open');
    const events = await openTls(proxies, inTunnel(kept));
    events.write(get(kept, '/events'));
    let ticks = 0;
    events.on('data', () => {
      ticks += 1;
    });

    let answered = 0;
    const ask = async (send: () => Promise<unknown>): Promise<void> => {
      while (!stop.signal.aborted) {
        expect(await send()).toBe(200);
        answered += 1;
      }
    };
    const load = [
      ask(async () => (await sendRaw(socket, get(kept))).status),
      ...[1, 2, 3].map(() =>
        ask(async () => (await requestHttp2(session, { ':authority': placeOf(kept) }, 'body')).status),
      ),
      ask(async () => {
        webSocket.send('hello');
        return String((await once(webSocket, 'message'))[0]) === 'hello' ? 200 : 0;
      }),
      ask(async () => {
        const fresh = await openTls(proxies, inTunnel(kept));
        const { status } = await sendRaw(fresh, get(kept));
        fresh.destroy();
        return status;
      }),
    ];
    for (let times = 0; times < 100; times += 1) {
      const before = [ticks, answered];
      const answers = await reload(times % 2 === 0 ? granted : routes);
      expect(answers).toMatchObject([
        { event: 'reloaded', revision, connections_cut: 0 },
        { event: 'reloaded', revision, connections_cut: 0 },
      ]);
      await expect.poll(() => ticks > Number(before[0]) && answered > Number(before[1])).toBe(true);
    }
    stop.abort();
    await Promise.all(load);
    expect([socket.destroyed, session.destroyed, events.destroyed]).toEqual([false, false, false]);
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
    webSocket.terminate();
    session.destroy();
    for (const open of [socket, events]) open.destroy();
  });

  it.each(['egress', 'pipelock'] as const)('before %s serves ends nothing, and is answered', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'bottle-hang-up-'));
    for (const file of ['egress.json', 'pipelock.yaml', 'pipelock-rules.json'])
      writeFileSync(join(folder, file), readFileSync(join(proxies.folder, file)));
    await using daemon = startDaemonProcess(name, folder);
    await daemon.catchesHangUps();
    daemon.child.kill('SIGHUP');
    const values = { 'secret-0': secret };
    daemon.child.stdin.end(`${JSON.stringify(name === 'egress' ? { values } : { fingerprints: [] })}\n`);
    expect(await daemon.event('reloaded')).toMatchObject({ revision });
    expect(daemon.events.map(({ event }) => event)).toEqual(['startup', 'ready', 'reloaded']);
    rmSync(folder, { recursive: true, force: true });
  });
});

function countConnections(host: TestUpstream): Promise<number> {
  return new Promise((resolve) => host.server.getConnections((_error, count) => resolve(count)));
}
