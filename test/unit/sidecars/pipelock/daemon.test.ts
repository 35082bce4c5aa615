import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toPipelockRules } from '../../../../src/plans/to-pipelock-rules.ts';
import { toPipelockYamlText } from '../../../../src/plans/to-pipelock-yaml.ts';
import { createFingerprints } from '../../../../src/scan/fingerprint.ts';
import { openSocket, sendRaw } from './support/guest.ts';
import { secret, testLimits, testRules } from './support/running-pipelock.ts';

const entry = join(import.meta.dirname, '../../../../src/sidecars/pipelock/main.ts');
let directory: string;
let child: ChildProcessWithoutNullStreams | null = null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bottle-pipelock-'));
  const pipelock = {
    listen: { address: '127.0.0.1', port: 0 },
    dns: { address: '127.0.0.1', port: 0 },
    egress: { address: '127.0.0.1', port: 9 },
    mode: 'strict',
    revision: 0,
    rules: testRules,
    knownSecretIds: [],
    exemptible: [],
    supervise: false,
    limits: testLimits,
  } as const;
  const egress = { allowPrivate: [] } as unknown as Parameters<typeof toPipelockYamlText>[0]['egress'];
  await writeFile(join(directory, 'pipelock.yaml'), toPipelockYamlText({ pipelock, egress }));
  await writeFile(join(directory, 'pipelock-rules.json'), JSON.stringify(toPipelockRules(pipelock)));
});

afterEach(async () => {
  if (child !== null && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
});

function start(line: string): ChildProcessWithoutNullStreams {
  child = spawn(process.execPath, [entry, directory], { stdio: 'pipe' });
  child.stdin.write(line);
  return child;
}

const { fingerprints } = createFingerprints(
  [{ label: 'TOKEN', value: secret }],
  '00112233445566778899aabbccddeeff',
);

/** The daemon's lines until the one of an event. */
async function readUntilEvent(
  daemon: ChildProcessWithoutNullStreams,
  event: string,
): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for await (const line of createInterface(daemon.stdout)) {
    entries.push(JSON.parse(line));
    if (entries.at(-1)?.event === event) return entries;
  }
  return entries;
}

describe('the daemon', () => {
  it('reads its files and its line, says when it is ready, serves, and ends when told to', async () => {
    const daemon = start(`${JSON.stringify({ fingerprints })}\n`);
    const entries = await readUntilEvent(daemon, 'ready');
    expect(new X509Certificate(String(entries.at(-1)?.caCertificate)).ca).toBe(true);
    const [startup] = entries;
    expect(startup).toMatchObject({ event: 'startup', rules: testRules.length });
    const port = Number(/:(\d+)$/.exec(String(startup?.message))?.[1]);
    const socket = await openSocket(port);
    expect(await sendRaw(socket, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')).toMatchObject({
      status: 200,
      body: `${JSON.stringify({ status: 'healthy', version: '1', mode: 'strict' })}\n`,
    });
    socket.destroy();
    daemon.kill('SIGTERM');
    expect(await once(daemon, 'exit')).toEqual([0, null]);
  });

  it.each([
    ['a line without fingerprints', '{}\n'],
    ['a line that is none', 'hush-hush\n'],
    ['a line that never ends', null],
  ])('does not start with %s', async (_name, line) => {
    const daemon = start(line ?? '{"fingerprints":[');
    if (line === null) daemon.stdin.end();
    let output = '';
    daemon.stdout.on('data', (bytes) => {
      output += bytes;
    });
    const [status] = await once(daemon, 'exit');
    expect(status).not.toBe(0);
    expect(output).not.toContain('"ready"');
    expect(output).not.toContain('hush');
  });

  it('does not start with a file it does not understand', async () => {
    await writeFile(join(directory, 'pipelock.yaml'), 'mode: audit\n');
    const daemon = start(`${JSON.stringify({ fingerprints })}\n`);
    const [last] = (await readUntilEvent(daemon, 'defect')).slice(-1);
    expect(last).toMatchObject({ level: 'error', event: 'defect' });
    expect(String(last?.message)).toContain('pipelock.yaml');
    await once(daemon, 'exit');
    expect(daemon.exitCode).toBe(70);
  });
});
