import { describe, expect, it } from 'vitest';
import { fileRoute, startSupervise } from './start-supervise.ts';

describe('the tools', () => {
  it('are these, each described, none with a schema that lets anything pass', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'list-egress-routes',
      'egress-block',
      'pipelock-block',
      'capability-block',
      'why',
    ]);
    for (const tool of tools) {
      expect(tool.description?.length).toBeGreaterThan(80);
      expect(tool.inputSchema.additionalProperties).toBe(false);
    }
    expect(client.getInstructions()).toMatch(/bottle/);
  });

  it('list what the bottle reaches, without a word on a credential but whether there is one', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const auth = { kind: 'header', name: 'x-api-key', secretId: 'secret-7' };
    daemon.setRoutes([
      fileRoute({ auth }),
      fileRoute({ id: 'egress.routes[1]', host: '*.b.example', methods: null }),
    ]);
    const result = await client.callTool({ name: 'list-egress-routes' });
    expect(result.structuredContent).toEqual({
      routes: [
        {
          id: 'egress.routes[0]',
          host: 'api.example.com',
          scheme: 'https',
          port: 443,
          methods: ['GET'],
          paths: ['/v1/**'],
          credential: true,
        },
        {
          id: 'egress.routes[1]',
          host: '*.b.example',
          scheme: 'https',
          port: 443,
          methods: null,
          paths: ['/v1/**'],
          credential: false,
        },
      ],
    });
    expect(JSON.stringify(result)).not.toMatch(/x-api-key|secret-7/);
    expect(result.content).toMatchObject([
      { text: expect.stringContaining('GET https://api.example.com /v1/** (a credential is added)') },
    ]);
  });

  it('explain what was refused last, and how to ask for it', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    expect(await client.callTool({ name: 'why' })).toMatchObject({ structuredContent: { refusals: [] } });
    const refusal = {
      daemon: 'pipelock',
      event: 'blocked',
      time: '2026-01-31T12:00:00.000Z',
      reason: 'domain not in allowlist: b.example',
      layer: 'allowlist',
      hint: 'Host b.example is not in the allowlist.',
      url: 'https://b.example/x',
      method: 'GET',
    } as const;
    daemon.tell(refusal);
    daemon.tell({ ...refusal, time: '2026-01-31T12:00:01.000Z' });
    const why = async () => (await client.callTool({ name: 'why' })).structuredContent;
    await expect.poll(why).toEqual({
      refusals: [
        {
          time: '2026-01-31T12:00:01.000Z',
          count: 2,
          what: 'pipelock: GET https://b.example/x',
          why: 'Host b.example is not in the allowlist.',
          ask: {
            tool: 'egress-block',
            arguments: { host: 'b.example', methods: ['GET'], reason: '<why you need this>' },
          },
        },
      ],
    });
  });

  it.each([
    ['no such tool', 'approve', {}, 'There is no such tool.'],
    ['no arguments', 'egress-block', {}, 'reason must be a text'],
    ['a URL', 'egress-block', { host: 'https://a.example', reason: 'x' }, 'host must be a name'],
    [
      'an answer of its own',
      'egress-block',
      { host: 'a.example', reason: 'x', status: 'approved' },
      'nothing else',
    ],
    [
      'an endless reason',
      'capability-block',
      { capability: 'x', reason: 'x'.repeat(201) },
      'longer than 200',
    ],
  ])('say at once what is wrong: %s', async (_case, name, given, message) => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const result = await client.callTool({ name, arguments: given });
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(message) }] });
    expect(daemon.requests()).toEqual([]);
    expect(await daemon.said('blocked')).toMatchObject({ layer: 'supervise' });
  });

  it('say so while the rules cannot be read, and work again when they can', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    daemon.setRoutes([{ id: 'broken' }]);
    const result = await client.callTool({ name: 'list-egress-routes' });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('cannot be read') }],
    });
    expect((await daemon.said('error')).message).toContain('routes[0].host');
    daemon.setRoutes([fileRoute()]);
    expect((await client.callTool({ name: 'list-egress-routes' })).isError).toBeUndefined();
  });
});
