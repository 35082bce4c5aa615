import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startSupervise, type TestSupervise, testPlan } from './start-supervise.ts';

/** Sends bytes as they are; gives all that comes back until the server closes. */
async function sendRaw({ port }: TestSupervise, message: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  // A server that closes before it has read all of a message resets the connection.
  socket.on('error', () => {});
  socket.write(message);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

async function post({ url }: TestSupervise, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  });
  return { status: response.status, body: await response.text() };
}

const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
const callOf = (given: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"egress-block","arguments":${given}}}`;

/** The positive control of every case: the daemon serves as before. */
async function expectAlive(daemon: TestSupervise): Promise<void> {
  expect(await post(daemon, ping)).toMatchObject({ status: 200 });
}

describe('messages that are refused', () => {
  it.each([
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['a text', '"x"', 400],
    ['another kind of JSON', '{"jsonrpc":"2.0","id":{},"method":5}', 400],
    ['lists without end', '['.repeat(8000), 400],
    ['a message that is too long', `${ping}${' '.repeat(testPlan.limits.maxMessageBytes)}`, 413],
  ])('%s', async (_case, body, status) => {
    await using daemon = await startSupervise();
    expect((await post(daemon, body)).status).toBe(status);
    expect(await daemon.said('blocked')).toMatchObject({
      level: 'warn',
      layer: 'supervise',
      hint: expect.any(String),
    });
    await expectAlive(daemon);
  });

  it.each([
    ['deep arguments', callOf(`{"host":${'['.repeat(4000)}${']'.repeat(4000)},"reason":"x"}`)],
    ['arguments that are no object', callOf('[]')],
    ['keys of the prototype', callOf('{"__proto__":{"host":"a.example"},"constructor":1,"reason":"x"}')],
  ])('%s', async (_case, body) => {
    await using daemon = await startSupervise();
    expect((await post(daemon, body)).body).toMatch(/isError|"error"/);
    expect(daemon.requests()).toEqual([]);
    await expectAlive(daemon);
  });

  it.each([
    ['from another site', 'origin', 'http://evil.example', 403],
    ['from a page of nowhere', 'origin', 'null', 403],
    ['from itself', 'origin', 'http://127.0.0.1:PORT', 200],
    ['of another type', 'content-type', 'text/plain', 415],
  ])('%s', async (_case, name, value, status) => {
    await using daemon = await startSupervise();
    const headers = { [name]: value.replace('PORT', String(daemon.port)) };
    expect((await post(daemon, ping, headers)).status).toBe(status);
  });

  it.each([
    ['another name', 'Host: evil.example\r\n', '421'],
    ['the name of a page that points here', 'Host: localhost:PORT\r\n', '421'],
    ['two names', 'Host: 127.0.0.1:PORT\r\nHost: evil.example\r\n', '421'],
    ['no name', '', '400'],
    ['its own name', 'Host: 127.0.0.1:PORT\r\n', '405'],
  ])('to %s', async (_case, host, status) => {
    await using daemon = await startSupervise();
    const head = `GET /mcp HTTP/1.1\r\n${host.replaceAll('PORT', String(daemon.port))}Connection: close\r\n\r\n`;
    expect(await sendRaw(daemon, head)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  it.each([
    ['another path', 'POST /mcp/../x', '404'],
    ['a path with a query', 'POST /mcp?x', '404'],
    ['another method', 'TRACE /mcp', '405'],
    ['a whole URL', 'GET http://127.0.0.1/mcp', '404'],
  ])('%s', async (_case, start, status) => {
    await using daemon = await startSupervise();
    const head = `${start} HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\n`;
    expect(await sendRaw(daemon, `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`)).toMatch(
      `HTTP/1.1 ${status}`,
    );
  });

  it.each([
    ['bytes that are no HTTP', '\u0000\u0001\r\n\r\n'],
    ['a head that is too long', `GET /mcp HTTP/1.1\r\nHost: HOST\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`],
    [
      'two lengths',
      'POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a line that is folded',
      'GET /mcp HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b: c\r\nContent-Length: x\r\n\r\n',
    ],
  ])('%s', async (_case, message) => {
    await using daemon = await startSupervise();
    expect(await sendRaw(daemon, message.replace('HOST', `127.0.0.1:${daemon.port}`))).toMatch(
      /^HTTP\/1.1 400/,
    );
    expect(await daemon.said('blocked')).toMatchObject({ layer: 'supervise' });
    await expectAlive(daemon);
  });

  it('a body in pieces that is too long, at the piece that makes it so', async () => {
    await using daemon = await startSupervise();
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const piece = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
    expect(await sendRaw(daemon, head + piece.repeat(5))).toMatch(/^HTTP\/1.1 413/);
    await expectAlive(daemon);
  });
});

describe('clients that go', () => {
  it('in the middle of a message or of its answer leave nothing behind but their request', async () => {
    await using daemon = await startSupervise();
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nX: \u00ff\r\nContent-Type: application/json\r\n`;
    const accept = 'Accept: application/json, text/event-stream\r\n';
    const call = callOf('{"host":"b.example","reason":"x"}');
    for (const message of [
      `${head}Content-Length: 10\r\n\r\n{`,
      `${head}${accept}Content-Length: ${call.length}\r\n\r\n${call}`,
    ]) {
      const socket = connect(daemon.port, '127.0.0.1');
      socket.write(message, 'latin1');
      if (message.endsWith(call)) await daemon.nextRequest();
      else await once(socket, 'connect');
      socket.resetAndDestroy();
    }
    await expectAlive(daemon);
    expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(daemon.requests()).toMatchObject([{ lapsedAt: null }]);
  });
});

describe('clients that are slow', () => {
  it.each([
    ['with nothing', ''],
    ['with a head', 'POST /mcp HTTP/1.1\r\nHost: '],
    ['with a body', 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 10\r\n\r\n{'],
  ])(
    'are sent away: %s',
    async (_case, message) => {
      await using daemon = await startSupervise();
      expect(await sendRaw(daemon, message.replace('PORT', String(daemon.port)))).toMatch(
        /^HTTP\/1.1 400|^$/,
      );
      await expectAlive(daemon);
    },
    60_000,
  );

  it('are no more than so many at once', async () => {
    await using daemon = await startSupervise({ limits: { ...testPlan.limits, maxConnections: 3 } });
    const idle = Array.from({ length: 3 }, () => connect(daemon.port, '127.0.0.1'));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect(await sendRaw(daemon, 'GET /mcp HTTP/1.1\r\n\r\n')).toBe('');
    for (const socket of idle) socket.destroy();
    await expect.poll(() => post(daemon, ping).catch(() => null)).toMatchObject({ status: 200 });
  });
});

describe('whatever comes', () => {
  it('the daemon lives', async () => {
    await using daemon = await startSupervise();
    const word = fc.constantFrom(
      'tools/call',
      'tools/list',
      'initialize',
      'ping',
      'server/discover',
      'subscriptions/listen',
      'notifications/cancelled',
      'completion/complete',
      '2026-07-28',
      '2025-06-18',
      'why',
    );
    const value = fc.jsonValue({ maxDepth: 3 });
    const anything = fc.oneof(word, value);
    const meta = fc.dictionary(
      fc.constantFrom(
        'progressToken',
        'io.modelcontextprotocol/protocolVersion',
        'io.modelcontextprotocol/clientInfo',
        'io.modelcontextprotocol/clientCapabilities',
      ),
      fc.oneof(word, fc.constant({ name: 'x', version: '1' }), fc.constant({}), value),
    );
    const params = fc.dictionary(
      fc.constantFrom(
        'name',
        'arguments',
        'protocolVersion',
        'capabilities',
        'clientInfo',
        'requestId',
        'uri',
      ),
      anything,
    );
    const message = fc.record(
      {
        jsonrpc: fc.constantFrom('2.0', '1.0', 2),
        id: fc.oneof(fc.integer(), fc.string(), value),
        method: anything,
        params: fc.oneof(
          fc.tuple(params, meta).map(([given, _meta]) => ({ ...given, _meta })),
          value,
        ),
        result: value,
        error: value,
      },
      { requiredKeys: ['jsonrpc'] },
    );
    const headers = fc.dictionary(
      fc.constantFrom('mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id', 'last-event-id'),
      word,
    );
    const send = async (body: unknown, extra: Record<string, string>) => {
      const gone = new AbortController();
      const response = await fetch(daemon.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...extra,
        },
        body: JSON.stringify(body),
        signal: gone.signal,
      });
      // A stream of news stays open for as long as the client likes.
      await response.body?.getReader().read();
      gone.abort();
      return response.status;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(message, fc.array(message, { maxLength: 3 })),
        headers,
        async (body, extra) => {
          expect(await send(body, extra)).toBeLessThan(500);
        },
      ),
      { numRuns: 400 },
    );
    await expectAlive(daemon);
    expect(daemon.lines.filter(({ event }) => event === 'defect')).toEqual([]);
  });
});
