import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import type { Denial } from './denial.ts';
import type { Dial, Dialled, Origin } from './dial.ts';
import { OriginAgent } from './http1-agent.ts';
import { exchangeHttp1 } from './http1-exchange.ts';
import { exchangeHttp2 } from './http2-exchange.ts';
import { toAuthority } from './request-line.ts';
import type { Attempt, UpstreamRequest } from './upstream.ts';

/** All connections to one origin; none of them is used for another, whatever their certificates say. */
export interface OriginConnections {
  exchange(request: UpstreamRequest): Promise<Attempt>;
  /** Requests whose answer has not ended. */
  readonly active: () => number;
  /** Closes what is idle, and the rest as soon as what is under way on it is over. No request comes after it. */
  retire(): void;
  close(): void;
}

/** Hosts drop idle connections sooner than this; one that is dropped by them costs a failed request. */
const pooledIdleMs = 55_000;
const streamWindowBytes = 256 * 1024;
const sessionWindowBytes = 4 * 1024 * 1024;

/** Keeps the connections of `origin`: HTTP/2 where the host offers it, else HTTP/1.1. */
export function keepConnections(origin: Origin, dial: Dial, responseTimeoutMs: number): OriginConnections {
  const sessions = new Map<ClientHttp2Session, { streams: number; idle: NodeJS.Timeout | null }>();
  let speaksHttp1 = origin.scheme === 'http';
  let firstDial: Promise<Dialled> | null = null;
  /** Connections that were opened to learn the protocol and turned out to be HTTP/1.1. */
  const spare: Socket[] = [];
  let active = 0;
  let isRetired = false;
  const agent = new OriginAgent(async () => {
    const socket = spare.pop();
    if (socket !== undefined && !socket.destroyed) return { kind: 'connected', socket, protocol: 'http/1.1' };
    return await dial(origin, ['http/1.1']);
  }, pooledIdleMs);

  return {
    async exchange(request) {
      active += 1;
      const attempt = await exchangeOnce(request);
      if (attempt.kind === 'response') attempt.body.once('close', finish);
      else finish();
      return attempt;
    },
    active: () => active,
    retire() {
      isRetired = true;
      agent.closeIdle();
      // Those with streams close behind the last of them.
      for (const session of sessions.keys()) session.close();
      if (active === 0) close();
    },
    close,
  };

  function close(): void {
    agent.destroy();
    for (const session of sessions.keys()) session.close();
    for (const socket of spare) socket.destroy();
  }

  function finish(): void {
    active -= 1;
    if (isRetired && active === 0) close();
  }

  async function exchangeOnce(request: UpstreamRequest): Promise<Attempt> {
    const session = findSession() ?? (speaksHttp1 ? null : await openSession());
    if (session !== null && 'kind' in session) return session;
    if (session === null) return await exchangeHttp1(agent, request, responseTimeoutMs);
    const attempt = exchangeHttp2(session, request, responseTimeoutMs);
    count(session, 1);
    const settled = await attempt;
    if (settled.kind === 'response') settled.body.once('close', () => count(session, -1));
    else count(session, -1);
    return settled;
  }

  function findSession(): ClientHttp2Session | null {
    for (const [session, { streams }] of sessions) {
      const limit = session.remoteSettings?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
      if (!session.closed && !session.destroyed && streams < limit) return session;
    }
    return null;
  }

  /** Null where the host speaks HTTP/1.1. Requests that come meanwhile wait for the same connection. */
  async function openSession(): Promise<ClientHttp2Session | Denial | null> {
    firstDial ??= dial(origin, ['h2', 'http/1.1']).then((dialled) => {
      firstDial = null;
      if (dialled.kind !== 'connected') return dialled;
      if (dialled.protocol === 'h2') addSession(dialled.socket);
      else {
        speaksHttp1 = true;
        keepSpare(dialled.socket);
      }
      return dialled;
    });
    const dialled = await firstDial;
    return dialled.kind === 'connected' ? findSession() : dialled;
  }

  function keepSpare(socket: Socket): void {
    spare.push(socket);
    socket.on('error', () => {});
  }

  function addSession(socket: Socket): void {
    const session = connectHttp2(`https://${toAuthority('https', origin.host, origin.port)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    sessions.set(session, { streams: 0, idle: null });
    session.once('connect', () => session.setLocalWindowSize(sessionWindowBytes));
    // Streams hear of it themselves. After a GOAWAY the session only finishes what it has.
    session.on('error', () => {});
    session.once('goaway', () => sessions.delete(session));
    session.once('close', () => sessions.delete(session));
  }

  function count(session: ClientHttp2Session, change: 1 | -1): void {
    const use = sessions.get(session);
    if (use === undefined) return;
    use.streams += change;
    if (use.idle !== null) clearTimeout(use.idle);
    use.idle = use.streams === 0 ? setTimeout(() => session.close(), pooledIdleMs).unref() : null;
  }
}
