import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditEntry } from '../../src/host/audit/audit-entry.ts';
import { toRequestText } from '../../src/queue/parse-request.ts';
import { type BottleHome, createBottleHome } from '../support/bottle-cli.ts';
import { whyNoEngine } from '../support/engine.ts';
import { toRequest } from '../support/operator-home.ts';

const entry = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const reason = await whyNoEngine();

/** What is in a bottle's queue as it goes is in the audit log, whichever way it goes. */
describe('the end of a bottle that asks', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const name = 'queues-ending';
  let home: BottleHome;
  let instances: string;
  beforeAll(async () => {
    home = await createBottleHome();
    instances = join(home.folder, 'state/bottle/instances');
    const notify = ['/bin/sh', '-c', `echo "$BOTTLE_REQUEST_ID" >> ${join(home.folder, 'notified')}`];
    await home.writeManifest(name, {
      agent: 'shell',
      workspace: { source: home.workspace, mode: 'bind' },
      supervise: { notify },
    });
  });
  afterAll(async () => {
    await home.run(['down', name]);
    await home.run(['gc', '--yes']);
    await home[Symbol.asyncDispose]();
  });

  /** Leaves a request as the daemon of the bottle that is up does. */
  async function ask(): Promise<string> {
    const slug = (await readdir(instances)).find((folder) => folder.startsWith(name)) ?? '';
    const request = toRequest();
    const queue = join(instances, slug, 'queue/supervise');
    await writeFile(join(queue, `.${request.id}.json`), toRequestText(request));
    await rename(join(queue, `.${request.id}.json`), join(queue, `${request.id}.json`));
    return request.id;
  }

  /** Starts `bottle up` with a guest that stays, and resolves when it is there. */
  async function startAttached(): Promise<ChildProcess> {
    const script = 'echo guest is there; until [ -e /workspace/end ]; do sleep 0.05; done; rm /workspace/end';
    const child = spawn(process.execPath, [entry, 'up', name, '--', 'sh', '-c', script], {
      env: home.env,
      cwd: home.workspace,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      if (output.includes('guest is there')) return child;
    }
    throw new Error('the guest did not come up');
  }

  async function eventsOf(id: string): Promise<readonly string[]> {
    const { stdout } = await home.run(['audit', '--request', id, '--json']);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as AuditEntry).event);
  }

  it('by "down"', async () => {
    expect(await home.run(['up', name, '--detach'])).toMatchObject({ status: 0 });
    const id = await ask();
    expect(await home.run(['down', name])).toMatchObject({ status: 0, stderr: '' });
    expect(await eventsOf(id)).toEqual(['proposed', 'lapsed']);
    expect(await readdir(instances)).toEqual([]);
  });

  it("by its agent's end; until then its session notifies", async () => {
    const child = await startAttached();
    const id = await ask();
    await vi.waitFor(
      async () => expect(await readFile(join(home.folder, 'notified'), 'utf8')).toBe(`${id}\n`),
      { timeout: 20_000 },
    );
    await writeFile(join(home.workspace, 'end'), '');
    const [status] = await once(child, 'close');
    expect(status).toBe(0);
    expect(await eventsOf(id)).toEqual(['proposed', 'lapsed']);
    expect(await readdir(instances)).toEqual([]);
  });

  it('by "gc", after its command was killed', async () => {
    const child = await startAttached();
    const id = await ask();
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    expect(await home.run(['gc', '--yes'])).toMatchObject({ status: 0, stderr: '' });
    expect(await eventsOf(id)).toEqual(['proposed', 'lapsed']);
    expect(await readdir(instances)).toEqual([]);
  });

  it('goes down all the same when the log is broken, and says what the log lacks', async () => {
    expect(await home.run(['up', name, '--detach'])).toMatchObject({ status: 0 });
    await ask();
    const path = join(home.folder, 'state/bottle/audit.jsonl');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.slice(0, -20));
    const { status, stderr } = await home.run(['down', name]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^Warning: The audit log lacks what the queues held: .*missing/),
    });
    expect(await readdir(instances)).toEqual([]);
    await writeFile(path, text);
    expect((await home.run(['audit', '--verify'])).status).toBe(0);
  });
});
