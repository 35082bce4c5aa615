import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { toRequestText } from '../../../../src/queue/parse-request.ts';
import { decisionOf, queueRequest } from '../../queue/any-proposal.ts';
import { startSupervise, testPlan } from './start-supervise.ts';

const main = fileURLToPath(new URL('../../../../src/sidecars/supervise/main.ts', import.meta.url));

describe('the supervise daemon', () => {
  it.each([
    ['a configuration that is wrong', '{}', '{}\n', /supervise\.json/],
    ['a secrets line that is wrong', JSON.stringify({ version: 1, ...testPlan }), 'x\n', /secrets line/],
    ['no secrets line', JSON.stringify({ version: 1, ...testPlan }), '', /secrets line/],
  ])('does not start with %s', async (_case, configuration, stdin, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'bottle-supervise-'));
    writeFileSync(join(folder, 'supervise.json'), configuration);
    const child = spawn(process.execPath, [main, folder, folder], { env: {} });
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(status).toBe(70);
    expect(said).toMatch(reason);
    expect(said).not.toContain('"ready"');
    rmSync(folder, { recursive: true });
  });

  it('lives on when it is nudged for nothing, however often', async () => {
    await using daemon = await startSupervise();
    await using client = await daemon.connect();
    for (let nudge = 0; nudge < 50; nudge += 1) process.kill(daemon.pid, 'SIGHUP');
    expect((await client.listTools()).tools).toHaveLength(5);
  });

  it('takes up what an earlier one left waiting', async () => {
    const left = queueRequest({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
    await using daemon = await startSupervise(
      {},
      { 'req-0a1b2c3d.json': toRequestText(left), 'x.json': '{' },
    );
    expect(await daemon.said('queue-garbage')).toMatchObject({ file: 'x.json' });
    await using client = await daemon.connect();
    const { host, methods } = { host: 'api.example.com', methods: ['GET'] };
    const call = client.callTool({ name: 'egress-block', arguments: { host, methods, reason: 'x' } });
    await expect.poll(() => daemon.requests()).toMatchObject([{ id: left.id, asked: 2 }]);
    daemon.decide(decisionOf(left, { notes: 'at last' }));
    expect(await call).toMatchObject({ structuredContent: { status: 'approved', notes: 'at last' } });
  });
});
