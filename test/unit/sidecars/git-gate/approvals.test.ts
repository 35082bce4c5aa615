import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PushProposal } from '../../../../src/queue/proposal.ts';
import type { QueueRequest } from '../../../../src/queue/request.ts';
import { git, gitEnvironment } from '../../../support/git.ts';
import { type SshUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import { runClient, startGate, type TestGate, toRemote, toSshUpstreamPlan } from './start-gate.ts';

let folder: string;
let copy: string;
let upstream: SshUpstream;
let gate: TestGate;

async function start(approvalTimeoutMs: number): Promise<void> {
  gate = await startGate({
    remotes: [toRemote(toSshUpstreamPlan(upstream), { approve: true })],
    values: { 'secret-0': upstream.privateKey },
    limits: { approvalTimeoutMs },
  });
  await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
  git(copy, 'checkout', '--quiet', '-b', 'agent/work');
  writeFileSync(join(copy, 'new.txt'), 'one\ntwo\n');
  git(copy, 'add', 'new.txt');
  git(copy, 'commit', '--quiet', '--message', 'adds a file');
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-approve-'));
  copy = join(folder, 'copy');
  upstream = await startSshUpstream();
  const seed = join(folder, 'seed');
  git(folder, 'init', '--quiet', '--initial-branch=main', 'seed');
  git(seed, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  git(seed, 'push', '--quiet', upstream.directory, 'main');
});

afterEach(async () => {
  await gate[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const push = () => runClient(copy, 'push', 'origin', 'agent/work');
const pushContacts = () => upstream.contacts().filter((line) => line.includes('receive-pack'));

async function waitingRequest(): Promise<QueueRequest> {
  await gate.said('proposal');
  const [request] = gate.requests();
  if (request === undefined) throw new Error('there is no request');
  return request;
}

describe('a push that needs approval', () => {
  it('waits, shows what it is, and goes on once it is approved', async () => {
    await start(60_000);
    const pushed = push();
    const request = await waitingRequest();
    const tip = git(copy, 'rev-parse', 'HEAD');
    expect(request).toMatchObject({ daemon: 'git-gate', reason: expect.stringContaining('adds a file') });
    expect(request.proposal satisfies object).toMatchObject({
      kind: 'push',
      remote: 'origin',
      commits: 1,
      updates: [{ ref: 'refs/heads/agent/work', old: '0'.repeat(40), new: tip, change: 'create' }],
      diffstat: expect.stringContaining('new.txt | 2 ++'),
    });
    expect(pushContacts()).toEqual([]);
    gate.decide(request, { notes: 'go ahead' });
    const end = await pushed;
    expect(end).toMatchObject({ status: 0 });
    expect(end.output).toContain(`waits for the operator's approval as ${request.id}`);
    expect(end.output).toContain("The operator's note: go ahead");
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(tip);
  });

  it('is refused when it is rejected, with the note', async () => {
    await start(60_000);
    const pushed = push();
    gate.decide(await waitingRequest(), { status: 'rejected', notes: 'not on a Friday', proposal: null });
    const end = await pushed;
    expect(end.status).not.toBe(0);
    expect(end.output).toContain("The operator's note: not on a Friday");
    expect(pushContacts()).toEqual([]);
    expect(await gate.said('blocked')).toMatchObject({ layer: 'git', reason: 'push' });
  });

  it('is not approved by an answer to another push', async () => {
    await start(60_000);
    const pushed = push();
    const request = await waitingRequest();
    const proposal = request.proposal as PushProposal;
    const updates = proposal.updates.map((update) => ({ ...update, new: 'a'.repeat(40) }));
    gate.decide(request, { proposal: { ...proposal, updates } });
    await gate.said('queue-garbage');
    expect(pushContacts()).toEqual([]);
    gate.decide(request, {});
    expect((await pushed).status).toBe(0);
  });

  it('lapses when the one who pushed is killed, and leaves nothing behind', async () => {
    await start(60_000);
    const child: ChildProcess = spawn('git', ['push', 'origin', 'agent/work'], {
      cwd: copy,
      env: { ...gitEnvironment },
      stdio: 'ignore',
      detached: true,
    });
    await waitingRequest();
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
    await gate.said('answer', { status: 'lapsed' });
    expect(gate.requests()[0]?.lapsedAt).not.toBeNull();
    const leftovers = () =>
      readdirSync(join(gate.mirror(), 'objects')).filter((name) => name.includes('incoming'));
    while (leftovers().length > 0) await delay(20);
    expect(pushContacts()).toEqual([]);
    // The gate lives, and the next push is asked about anew.
    const again = push();
    await gate.said('proposal');
    while (gate.requests().length < 2) await delay(20);
    for (const request of gate.requests()) if (request.lapsedAt === null) gate.decide(request, {});
    expect((await again).status).toBe(0);
  });

  it('is refused when nobody answers in time', async () => {
    await start(1);
    const end = await push();
    expect(end.output).toContain('Nobody approved the push in time');
    expect(pushContacts()).toEqual([]);
  });
});
