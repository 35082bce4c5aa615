import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toRefusalLine } from '../../../../src/sidecars/daemon/refusal-line.ts';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openSocket, openTls, sendRaw } from './support/guest.ts';
import {
  secret,
  secretLabel,
  startTestPipelock,
  type TestPipelock,
  testRules,
} from './support/running-pipelock.ts';

let egress: FakeEgress;
let alone: TestPipelock;
let supervised: TestPipelock;

beforeAll(async () => {
  egress = await startFakeEgress();
  alone = await startTestPipelock(egress.port);
  supervised = await startTestPipelock(egress.port, {}, testRules, {
    supervise: true,
    exemptible: [secretLabel],
  });
});

afterAll(async () => {
  for (const running of [alone, supervised, egress]) await running[Symbol.asyncDispose]();
});

type Refused = readonly [name: string, layer: string, host: string, request: string, tool: string | null];

const refused: readonly Refused[] = [
  [
    'a host',
    'allowlist',
    '',
    'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n',
    'egress-block',
  ],
  ['a port', 'allowlist', '', 'CONNECT open.test:22 HTTP/1.1\r\nHost: open.test:22\r\n\r\n', 'egress-block'],
  [
    'a method',
    'allowlist',
    'narrow.test',
    'PUT /v1/x HTTP/1.1\r\nHost: narrow.test\r\nContent-Length: 0\r\n\r\n',
    'egress-block',
  ],
  ['a path', 'allowlist', 'narrow.test', 'GET /v2/x HTTP/1.1\r\nHost: narrow.test\r\n\r\n', 'egress-block'],
  [
    'a secret',
    'dlp',
    'open.test',
    `GET / HTTP/1.1\r\nHost: open.test\r\nX-Token: ${secret}\r\n\r\n`,
    'pipelock-block',
  ],
  [
    'a push',
    'git',
    'open.test',
    'POST /o/r/git-receive-pack HTTP/1.1\r\nHost: open.test\r\nContent-Length: 0\r\n\r\n',
    null,
  ],
  ['another host inside', 'authority', 'open.test', 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n', null],
  ['a malformed request', 'http', 'open.test', 'GET / HTTP/1.1\r\nHost : open.test\r\n\r\n', null],
  ['an ambiguous path', 'http', 'open.test', 'GET /a/../b HTTP/1.1\r\nHost: open.test\r\n\r\n', null],
];

async function ask(pipelock: TestPipelock, host: string, request: string) {
  const socket =
    host === '' ? await openSocket(pipelock.port) : await openTls(pipelock, { authority: `${host}:443` });
  const response = await sendRaw(socket, request);
  socket.destroy();
  return response;
}

describe.each(refused)('the refusal of %s', (_name, layer, host, request, tool) => {
  it('is a line that other daemons hear, with what the guest was told', async () => {
    for (const pipelock of [alone, supervised]) {
      const { body } = await ask(pipelock, host, request);
      const [entry] = pipelock.events('blocked').slice(-1);
      expect(entry).toMatchObject({ level: 'warn', layer, hint: body.trim() });
      const line = toRefusalLine('pipelock', { ...entry, time: '2026-01-01T00:00:00.000Z' });
      expect(line).toMatchObject({ daemon: 'pipelock', layer, hint: body.trim() });
      expect(JSON.stringify(line)).not.toContain(secret);
    }
  });

  it('says which tool asks for it, where there is one and somebody to ask', async () => {
    const without = await ask(alone, host, request);
    const said = await ask(supervised, host, request);
    expect(without.body).not.toContain('with the tool');
    if (tool === null) expect(said.body).toBe(without.body);
    else expect(said.body).toContain(`, or you can ask for it with the tool ${tool}.\n`);
  });
});

describe('the refusal of a question for a name', () => {
  it('is such a line too', async () => {
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`127.0.0.1:${alone.dnsPort}`]);
    await expect(resolver.resolve4('name.test')).rejects.toThrow('EREFUSED');
    const [entry] = alone.events('blocked').slice(-1);
    const line = toRefusalLine('pipelock', { ...entry, time: '2026-01-01T00:00:00.000Z' });
    expect(line).toMatchObject({
      layer: 'dns',
      reason: 'DNS question: name.test',
      hint: expect.stringContaining('through the proxy'),
    });
  });
});
