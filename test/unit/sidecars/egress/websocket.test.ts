import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, secret, startTestEgress } from './start-test-egress.ts';
import { startUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test']);

/** A host that sends back what it gets; `/tell` makes it say what it was asked with. */
async function startEchoHost() {
  const upstream = await startUpstream({
    certificate,
    protocol: 'h2',
    handler: (_request, response) => response.writeHead(404).end('no such socket'),
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  const offered: (string | undefined)[] = [];
  upstream.server.on('upgrade', (request, socket, head) => {
    offered.push(request.headers['sec-websocket-extensions']);
    if (request.url !== '/echo') {
      socket.end(
        request.url === '/stray'
          ? 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
          : 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.send(String(request.headers.authorization));
      peer.on('message', (data, binary) => peer.send(data, { binary }));
    });
  });
  return { upstream, offered };
}

/** Opens a WebSocket through egress as pipelock does: the target in absolute form. */
function openSocket(port: number, url: string, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket('ws://bottle.test/', {
    headers,
    createConnection: () => connect(port, '127.0.0.1'),
    finishRequest: (request) => {
      request.path = url;
      request.end();
    },
  });
  return socket;
}

describe.each([
  ['with a credential', bearer],
  ['without one', null],
])('a WebSocket on a route %s', (_name, auth) => {
  it('is opened, passes messages both ways and ends', async () => {
    const { upstream, offered } = await startEchoHost();
    await using _host = upstream;
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const socket = openSocket(egress.port, `https://api.test:${upstream.port}/echo`, {
      Authorization: 'guest',
    });
    const [greeting] = await once(socket, 'message');
    expect(String(greeting)).toBe(auth === null ? 'guest' : `Bearer ${'*'.repeat(secret.length)}`);
    for (const text of ['hello', 's', 'sk-li', 'x'.repeat(70_000), '']) {
      socket.send(text);
      expect(String((await once(socket, 'message'))[0])).toBe(text);
    }
    socket.send(`echo ${secret} and ${secret}`);
    const stars = auth === null ? secret : '*'.repeat(secret.length);
    expect(String((await once(socket, 'message'))[0])).toBe(`echo ${stars} and ${stars}`);
    expect(offered[0] === undefined).toBe(auth !== null);
    socket.close(4000);
    expect((await once(socket, 'close'))[0]).toBe(4000);
    while (egress.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(egress.log.at(-1)).toMatchObject({
      event: 'egress_request',
      status: 101,
      rule: 'route to api.test',
    });
  });

  it.each([
    ['/missing', 404],
    ['/stray', 502],
  ])('an answer that is no WebSocket is passed on or refused: %s', async (path, status) => {
    const { upstream } = await startEchoHost();
    await using _host = upstream;
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const socket = openSocket(egress.port, `https://api.test:${upstream.port}${path}`);
    const [, answer] = await once(socket, 'unexpected-response');
    expect(answer.statusCode).toBe(status);
    answer.resume();
    await once(answer, 'close');
  });

  it('is refused on a host without a route', async () => {
    await using egress = await startTestEgress([route('api.test', 1, { auth })]);
    const socket = openSocket(egress.port, 'https://evil.test/echo');
    const [, answer] = await once(socket, 'unexpected-response');
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['x-bottle-block']).toBe('egress');
    answer.resume();
    await once(answer, 'close');
  });

  it('ends on both sides when the host is lost', async () => {
    const { upstream } = await startEchoHost();
    await using _host = upstream;
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const socket = openSocket(egress.port, `https://api.test:${upstream.port}/echo`);
    await once(socket, 'message');
    upstream.dropConnections();
    await once(socket, 'close');
  });
});
