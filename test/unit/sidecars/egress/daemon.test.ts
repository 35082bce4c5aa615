import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, secret } from './start-test-egress.ts';
import { startUpstream } from './start-upstream.ts';

const main = fileURLToPath(new URL('../../../../src/sidecars/egress/main.ts', import.meta.url));
const authority = createTestAuthority();

function startDaemon(configuration: object, secretsLine: string) {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-egress-'));
  writeFileSync(join(folder, 'egress.json'), JSON.stringify(configuration));
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [main, folder], { env: {} });
  child.stdin.on('error', () => {});
  child.stdin.end(secretsLine);
  const exit = once(child, 'exit').then(([status]) => status);
  return {
    child,
    exit,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const plan = (port: number) => ({
  version: 1,
  revision: 0,
  listen: { address: '127.0.0.1', port: 0 },
  routes: [route('127.0.0.1', port, { auth: bearer })],
  allowPrivate: ['127.0.0.1/32'],
  extraCa: [authority.caPem],
  secretIds: ['secret-0'],
  secretLabels: { 'secret-0': 'API_KEY' },
  limits: { connectTimeoutMs: 5000, responseTimeoutMs: 5000, idleTimeoutMs: 5000, maxConnections: 10 },
});
const secretsLine = `${JSON.stringify({ values: { 'secret-0': secret } })}\n`;

describe('the egress daemon', () => {
  it('reads its configuration and its secrets, says that it is ready, and serves', async () => {
    const authorizations: (string | undefined)[] = [];
    await using upstream = await startUpstream({
      certificate: authority.issue(['127.0.0.1']),
      protocol: 'h2',
      handler: (request, response) => {
        authorizations.push(request.headers.authorization);
        response.end('reached');
      },
    });
    await using daemon = startDaemon(plan(upstream.port), secretsLine);
    const lines: Record<string, unknown>[] = [];
    const reader = createInterface(daemon.child.stdout);
    reader.on('line', (line) => lines.push(JSON.parse(line)));
    const said = async (event: string) => {
      for (;;) {
        const found = lines.find((line) => line.event === event);
        if (found !== undefined) return found;
        await once(reader, 'line');
      }
    };
    await said('ready');
    const port = Number(
      String((await said('startup')).message)
        .split(':')
        .at(-1),
    );
    const outgoing = sendRequest({
      host: '127.0.0.1',
      port,
      path: `https://127.0.0.1:${upstream.port}/?token=x`,
    });
    outgoing.end();
    const [answer] = await once(outgoing, 'response');
    expect(await text(answer)).toBe('reached');
    expect(authorizations).toEqual([`Bearer ${secret}`]);
    expect(await said('egress_request')).toMatchObject({
      level: 'info',
      method: 'GET',
      host: `127.0.0.1:${upstream.port}`,
      status: 200,
      bytes: 7,
      rule: 'route to 127.0.0.1',
      credential: 'API_KEY',
    });
    expect(JSON.stringify(lines)).not.toMatch(/sk-live|token/);
  });

  it.each([
    ['a configuration that is not valid', { ...plan(1), version: 2 }, secretsLine],
    ['an address that is not loopback', { ...plan(1), listen: { address: '0.0.0.0', port: 0 } }, secretsLine],
    ['no secrets line', plan(1), ''],
    ['a secret that did not come', plan(1), '{"values":{}}\n'],
    ['a credential no header can carry', plan(1), '{"values":{"secret-0":"sk-live\\nX: y"}}\n'],
    ['an authority that is none', { ...plan(1), extraCa: ['no certificate'] }, secretsLine],
  ])('ends at once with %s, and says no secret', async (_name, configuration, line) => {
    await using daemon = startDaemon(configuration, line);
    const output = Promise.all([text(daemon.child.stdout), text(daemon.child.stderr)]);
    expect(await daemon.exit).not.toBe(0);
    const said = (await output).join('');
    expect(said).toContain('"level":"error"');
    expect(said).not.toContain('sk-live');
    expect(said).not.toContain('"ready"');
  });
});
