import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../../../support/git.ts';
import { type SshUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import { sendBytes, toPushBytes } from './raw-client.ts';
import { runClient, startGate, type TestGate, toRemote, toSshUpstreamPlan } from './start-gate.ts';

let folder: string;
let copy: string;
let upstream: SshUpstream;
let gate: TestGate;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-refs-'));
  copy = join(folder, 'copy');
  upstream = await startSshUpstream();
  const seed = join(folder, 'seed');
  git(folder, 'init', '--quiet', '--initial-branch=main', 'seed');
  git(seed, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  for (const branch of ['main', 'agent/kept', 'other']) {
    git(seed, 'push', '--quiet', upstream.directory, `HEAD:refs/heads/${branch}`);
  }
  const plan = toSshUpstreamPlan(upstream);
  gate = await startGate({
    remotes: [toRemote(plan), toRemote(plan, { name: 'readonly', gatePath: 'forge.example/read', push: [] })],
    values: { 'secret-0': upstream.privateKey },
  });
  await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
  git(copy, 'checkout', '--quiet', '-b', 'agent/work');
  git(copy, 'branch', 'release');
});

afterAll(async () => {
  await gate[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const push = (...args: readonly string[]) => runClient(copy, 'push', ...args);
const upstreamRefs = () => git(upstream.directory, 'for-each-ref', '--format=%(refname) %(objectname)');
const refusals = () => gate.log.filter(({ event, layer }) => event === 'blocked' && layer === 'git').length;

let round = 0;
function commit(): string {
  round += 1;
  writeFileSync(join(copy, 'a.txt'), `${round}\n`);
  git(copy, 'add', 'a.txt');
  git(copy, 'commit', '--quiet', '--message', 'a round');
  return git(copy, 'rev-parse', 'HEAD');
}

/** Nothing arrives, nobody asks upstream, it is logged; and a push that is allowed goes through right after. */
async function expectRefused(args: readonly string[], words: string): Promise<void> {
  commit();
  const [refs, contacts, before] = [upstreamRefs(), upstream.contacts(), refusals()];
  const end = await push(...args);
  expect(end.status).not.toBe(0);
  expect(end.output).toContain(words);
  expect([upstreamRefs(), upstream.contacts()]).toEqual([refs, contacts]);
  // The daemon writes its log to a pipe; what the client read may be faster.
  await expect.poll(refusals).toBe(before + 1);
  expect((await push('origin', 'HEAD:agent/work')).status).toBe(0);
}

describe('refs that may not be pushed', () => {
  it.each([
    [
      'the default branch',
      ['origin', 'HEAD:main'],
      'may not be pushed. To origin these may be pushed: agent/**',
    ],
    ['another branch', ['origin', 'HEAD:release'], 'may not be pushed'],
    ['a tag', ['origin', 'HEAD:refs/tags/v1'], 'may not be pushed'],
    [
      'an allowed and another one together',
      ['origin', 'HEAD:agent/work', 'HEAD:release'],
      'may not be pushed',
    ],
    ['all branches', ['origin', '--all'], 'may not be pushed'],
    ['all refs', ['origin', '--mirror'], 'may not be'],
    ['every branch by a pattern', ['origin', 'refs/heads/*:refs/heads/*'], 'may not be pushed'],
    ['a deletion', ['origin', ':agent/kept'], 'may not be deleted'],
    ['a branch named like an option', ['origin', 'HEAD:refs/heads/--mirror'], 'begins with "-"'],
    ['a part named like an option', ['origin', 'HEAD:refs/heads/agent/-x'], 'begins with "-"'],
    ['notes', ['origin', 'HEAD:refs/notes/commits'], 'neither a branch nor a tag'],
    [
      'a replaced object',
      ['origin', 'HEAD:refs/replace/0123456789012345678901234567890123456789'],
      'neither',
    ],
    ['a ref of a pull request', ['origin', 'HEAD:refs/pull/1/head'], 'neither'],
    ['a branch that could be HEAD', ['origin', 'HEAD:refs/heads/agent/HEAD'], 'HEAD'],
    ['what both sides have, by ":"', ['origin', ':'], 'may not be pushed'],
  ])('%s', async (name, args, words) => {
    // Both sides have main; ours is ahead.
    if (name.startsWith('what both')) git(copy, 'branch', '--force', 'main', 'HEAD');
    await expectRefused(args, words);
  });

  it('all of a remote that is read-only, while it is fetched from', async () => {
    const url = gate.url('forge.example/read');
    expect((await runClient(folder, 'ls-remote', url)).status).toBe(0);
    await expectRefused([url, 'HEAD:agent/work'], 'fatal: remote error: readonly is read-only here');
  });

  it('a branch that the client says is new, and that is not', async () => {
    const id = git(upstream.directory, 'rev-parse', 'main');
    const pack = Buffer.from('5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e', 'hex');
    const bytes = toPushBytes('/origin', 'refs/heads/agent/kept', id, pack);
    const [contacts, before] = [upstream.contacts(), refusals()];
    const answer = await sendBytes(gate.port, bytes, false);
    expect(answer).toContain('was changed while the push was on its way');
    expect(upstream.contacts()).toEqual(contacts);
    // The daemon writes its log to a pipe; what the client read may be faster.
    await expect.poll(refusals).toBe(before + 1);
    // The same bytes for a branch that is new.
    const fresh = toPushBytes('/origin', 'refs/heads/agent/fresh', id, pack);
    expect(await sendBytes(gate.port, fresh, false)).toContain('ok refs/heads/agent/fresh');
  });
});
