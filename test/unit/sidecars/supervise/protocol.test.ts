import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { createSuperviseHandler } from '../../../../src/sidecars/supervise/mcp-handler.ts';
import { createRefusalMemory } from '../../../../src/sidecars/supervise/refusal-memory.ts';
import { decisionOf } from '../../queue/any-proposal.ts';
import { startSupervise, testPlan } from './start-supervise.ts';

const call = { name: 'egress-block', arguments: { host: 'b.example', reason: 'x' } };

describe('clients of every revision', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'that open with %s are answered in it, and by one message after the other without a session',
    async (protocolVersion) => {
      await using daemon = await startSupervise();
      const post = async (message: object, headers: Record<string, string> = {}) => {
        const response = await fetch(daemon.url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...headers,
          },
          body: JSON.stringify({ jsonrpc: '2.0', ...message }),
        });
        const data = /^data: (.*)$/m.exec(await response.text())?.[1];
        return { status: response.status, message: data === undefined ? null : JSON.parse(data) };
      };
      const clientInfo = { name: 'old', version: '1' };
      const params = { protocolVersion, capabilities: {}, clientInfo };
      const opened = await post({ id: 1, method: 'initialize', params });
      expect(opened.message.result).toMatchObject({ protocolVersion, serverInfo: { name: 'bottle' } });
      expect((await post({ method: 'notifications/initialized' })).status).toBe(202);
      const headers = { 'mcp-protocol-version': protocolVersion };
      const listed = await post({ id: 2, method: 'tools/list' }, headers);
      expect(listed.message.result.tools).toHaveLength(5);
      const answer = post({ id: 3, method: 'tools/call', params: call }, headers);
      daemon.decide(decisionOf(await daemon.nextRequest(), { notes: 'yes' }));
      expect((await answer).message.result.structuredContent).toEqual({ status: 'approved', notes: 'yes' });
    },
  );

  it.each([
    ['the newest one', { pin: '2026-07-28' }, '2026-07-28'],
    ['the one both know', 'auto', '2026-07-28'],
    ['the one before it', 'legacy', '2025-11-25'],
  ] as const)('that ask for %s get it, wait and are answered', async (_case, mode, version) => {
    await using daemon = await startSupervise();
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(daemon.url));
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const answer = client.callTool(call);
    daemon.decide(decisionOf(await daemon.nextRequest(), { notes: 'yes' }));
    expect(await answer).toMatchObject({ structuredContent: { status: 'approved', notes: 'yes' } });
    await client.close();
  });
});

describe('a call that waits', () => {
  const handlerThatWaits = () =>
    createSuperviseHandler(
      {
        plan: testPlan,
        readRules: () => Promise.resolve({ routes: [], allowPrivate: [] }),
        askOperator: (_proposal, _reason, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true })),
        refusals: createRefusalMemory(1),
        log: { write: () => {} },
      },
      5,
    );
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'new', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const send = (meta: object, headers: Record<string, string>) =>
    handlerThatWaits().fetch(
      new Request('http://127.0.0.1/mcp', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { ...call, _meta: meta },
        }),
      }),
    );
  const readUntil = async (response: Response, sign: string) => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.split(sign).length > 3) return true;
    }
    return false;
  };
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': call.name };

  it.each([
    ['older', {}, {}],
    ['newest', envelope, modern],
  ])('keeps its stream alive (%s revision)', async (_case, meta, headers) => {
    expect(await readUntil(await send(meta, headers), '\n:')).toBe(true);
  });

  it.each([
    ['older', {}, {}],
    ['newest', envelope, modern],
  ])('tells of its progress whoever asked for that (%s revision)', async (_case, meta, headers) => {
    const response = await send({ ...meta, progressToken: 'p' }, headers);
    expect(await readUntil(response, 'notifications/progress')).toBe(true);
  });
});
