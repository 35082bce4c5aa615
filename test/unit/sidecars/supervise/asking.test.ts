import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decisionOf, routeProposal } from '../../queue/any-proposal.ts';
import { fileRoute, startSupervise, testPlan } from './start-supervise.ts';

const route = { host: 'b.example', reason: 'the build downloads from it' };
const answered = (status: string, notes: unknown) => ({ structuredContent: { status, notes } });

describe('asking the operator', () => {
  it('waits for the answer and gives it', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const call = client.callTool({
      name: 'egress-block',
      arguments: { ...route, methods: ['get'], paths: ['/x/**'] },
    });
    const request = await daemon.nextRequest();
    expect(request).toMatchObject({
      daemon: 'supervise',
      reason: route.reason,
      proposal: routeProposal({ host: 'b.example', methods: ['GET'], paths: ['/x/**'] }),
    });
    daemon.decide(decisionOf(request, { notes: 'for the build only' }));
    expect(await call).toMatchObject(answered('approved', 'for the build only'));
    expect((await daemon.said('proposal')).request).toBe(request.id);
    expect(await daemon.said('answer')).toMatchObject({ request: request.id, status: 'approved' });
  });

  it('asks for little unless told otherwise', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const call = client.callTool({ name: 'egress-block', arguments: route });
    const request = await daemon.nextRequest();
    expect(request.proposal).toEqual(routeProposal({ host: 'b.example', methods: ['GET', 'HEAD'] }));
    daemon.decide(decisionOf(request, { status: 'rejected', proposal: null, notes: 'use the mirror' }));
    expect(await call).toMatchObject(answered('rejected', 'use the mirror'));
  });

  it.each([
    [
      'an exemption',
      'pipelock-block',
      { route: 'egress.routes[0]', rule: 'DATABASE_URL', reason: 'x' },
      'exemption',
    ],
    ['anything else', 'capability-block', { capability: 'cargo in the image', reason: 'x' }, 'capability'],
  ])('asks for %s', async (_case, name, given, kind) => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const call = client.callTool({ name, arguments: given });
    const request = await daemon.nextRequest();
    const { reason, ...rest } = given;
    expect(request).toMatchObject({ reason, proposal: { kind, ...rest } });
    daemon.decide(decisionOf(request, { notes: 'done' }));
    expect(await call).toMatchObject(answered('approved', 'done'));
  });

  it('says what was approved where that is not what was asked for', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const call = client.callTool({ name: 'egress-block', arguments: route });
    const request = await daemon.nextRequest();
    const edited = routeProposal({ host: 'b.example', paths: ['/y'], credentialOf: 'egress.routes[0]' });
    daemon.decide(decisionOf(request, { notes: 'less.', proposal: edited }));
    const notes =
      'less. Allowed from now on: GET https://b.example /y. A credential is added on the way out.';
    expect(await call).toMatchObject(answered('approved', notes));
  });

  it('is refused when nobody answers', async () => {
    await using daemon = await startSupervise({ answerTimeoutMs: 1 });
    await using client = await daemon.connect();
    const call = client.callTool({ name: 'egress-block', arguments: route });
    expect(await call).toMatchObject(answered('rejected', expect.stringMatching(/^Nobody answered/)));
    expect(daemon.requests()).toMatchObject([{ lapsedAt: expect.any(String) }]);
  });

  it('outlives a client that goes: asking again is the same request and gets the answer', async () => {
    await using daemon = await startSupervise();
    await using first = await daemon.connect();
    const gone = new AbortController();
    const given = { name: 'egress-block', arguments: route };
    const call = first.callTool(given, { signal: gone.signal });
    const request = await daemon.nextRequest();
    gone.abort();
    await expect(call).rejects.toThrow();
    await using second = await daemon.connect();
    const again = second.callTool(given);
    await expect.poll(() => daemon.requests()).toMatchObject([{ id: request.id, asked: 2, lapsedAt: null }]);
    daemon.decide(decisionOf(request, { notes: 'yes' }));
    expect(await again).toMatchObject(answered('approved', 'yes'));
  });

  it('gives a rejection again without asking again', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const given = { name: 'egress-block', arguments: route };
    const call = client.callTool(given);
    const request = await daemon.nextRequest();
    daemon.decide(decisionOf(request, { status: 'rejected', proposal: null, notes: 'no' }));
    await call;
    expect(await client.callTool(given)).toMatchObject(
      answered('rejected', expect.stringMatching(/^no .*not asked again/)),
    );
    expect(daemon.requests()).toHaveLength(1);
    // Something else is asked for all the same.
    client.callTool({ name: 'egress-block', arguments: { ...route, host: 'c.example' } }).catch(() => {});
    expect((await daemon.nextRequest()).proposal).toMatchObject({ host: 'c.example' });
  });

  it('asks nobody for what is allowed already, as the rules are now', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    const given = { name: 'egress-block', arguments: { ...route, methods: ['GET'] } };
    client.callTool(given).catch(() => {});
    await daemon.nextRequest();
    daemon.setRoutes([fileRoute(), fileRoute({ id: 'grant:req-00000001', host: 'b.example', paths: null })]);
    expect(await client.callTool(given)).toMatchObject(
      answered('approved', expect.stringMatching(/allows it already/)),
    );
    const exemption = { route: 'egress.routes[0]', rule: 'DATABASE_URL', reason: 'x' };
    daemon.setRoutes([fileRoute()], ['DATABASE_URL']);
    expect(await client.callTool({ name: 'pipelock-block', arguments: exemption })).toMatchObject(
      answered('approved', expect.stringMatching(/allows it already/)),
    );
    expect(daemon.requests()).toHaveLength(1);
  });

  it('stops at the limit of those that wait, and says so', async () => {
    await using daemon = await startSupervise({ limits: { ...testPlan.limits, maxWaiting: 2 } });
    await using client = await daemon.connect();
    const ask = (host: string) => client.callTool({ name: 'egress-block', arguments: { ...route, host } });
    for (const host of ['b.example', 'c.example']) {
      ask(host).catch(() => {});
      await daemon.nextRequest();
    }
    expect(await ask('d.example')).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^2 requests/) }],
    });
    expect(daemon.requests()).toHaveLength(2);
    expect(await daemon.said('blocked')).toMatchObject({
      level: 'warn',
      layer: 'supervise',
      hint: expect.any(String),
    });
  });

  it('survives a flood: the operator sees no more than the limit, and can still answer', async () => {
    await using daemon = await startSupervise();
    const clients = await Promise.all([daemon.connect(), daemon.connect(), daemon.connect()]);
    const gone = new AbortController();
    const calls = Array.from({ length: 300 }, (_, number) =>
      clients[number % 3]
        ?.callTool(
          {
            name: 'capability-block',
            arguments: { capability: `c${number}`, reason: '\u001b[2J'.repeat(40) },
          },
          { signal: gone.signal },
        )
        .catch(() => ({ content: [] })),
    );
    await expect.poll(() => daemon.requests().length).toBe(testPlan.limits.maxWaiting);
    const [request] = daemon.requests();
    if (request === undefined) throw new Error('nothing was asked');
    daemon.decide(decisionOf(request, { notes: 'seen' }));
    await expect.poll(() => daemon.lines.filter(({ event }) => event === 'answer')).toHaveLength(1);
    gone.abort();
    await Promise.all(calls);
    await Promise.all(clients.map((client) => client.close()));
    expect(daemon.requests().length).toBeLessThanOrEqual(testPlan.limits.maxWaiting + 1);
  });

  it('goes on beside garbage in its folder, which stays', async () => {
    await using daemon = await startSupervise();
    const garbage = join(daemon.queue, 'req-zzzzzzzz.json');
    writeFileSync(garbage, '\u0000');
    await using client = await daemon.connect();
    const call = client.callTool({ name: 'egress-block', arguments: route });
    daemon.decide(decisionOf(await daemon.nextRequest(), { notes: 'ok' }));
    expect(await call).toMatchObject(answered('approved', 'ok'));
    expect(existsSync(garbage)).toBe(true);
  });
});
