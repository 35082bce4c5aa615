import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from '../../../support/git.ts';
import { type SshUpstream, startHttpUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import {
  runClient,
  startGate,
  type TestGate,
  toHttpUpstreamPlan,
  toRemote,
  toSshUpstreamPlan,
} from './start-gate.ts';

let folder: string;
let seed: string;
let copy: string;
let upstream: SshUpstream;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-push-'));
  seed = join(folder, 'seed');
  copy = join(folder, 'copy');
  git(folder, 'init', '--quiet', '--initial-branch=main', 'seed');
  upstream = await startSshUpstream();
  commit(seed, 'first.txt', 'first\n');
  git(seed, 'push', '--quiet', upstream.directory, 'main');
});

afterEach(async () => {
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function commit(repository: string, name: string, content: string | Buffer): string {
  writeFileSync(join(repository, name), content);
  git(repository, 'add', name);
  git(repository, 'commit', '--quiet', '--message', `changes ${name}`);
  return git(repository, 'rev-parse', 'HEAD');
}

/** A gate, and a clone through it with the branch agent/work checked out. */
async function startCloned(more: Parameters<typeof toRemote>[1] = {}, options = {}): Promise<TestGate> {
  const gate = await startGate({
    remotes: [toRemote(toSshUpstreamPlan(upstream), more)],
    values: { 'secret-0': upstream.privateKey },
    ...options,
  });
  const cloned = await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
  expect(cloned).toEqual({ status: 0, output: '' });
  git(copy, 'checkout', '--quiet', '-b', 'agent/work');
  return gate;
}

const push = (...args: readonly string[]) => runClient(copy, 'push', ...args);
const upstreamRefs = () => git(upstream.directory, 'for-each-ref', '--format=%(refname) %(objectname)');
const mirrorRefs = (gate: TestGate) =>
  git(gate.mirror(), 'for-each-ref', '--format=%(refname) %(objectname)');
const pushContacts = () => upstream.contacts().filter((line) => line.includes('receive-pack'));

describe('a push through the gate', () => {
  it('arrives at upstream and in the mirror, and is fetched by others', async () => {
    await using gate = await startCloned();
    const tip = commit(copy, 'a.txt', 'a\n');
    const end = await push('origin', 'agent/work');
    expect(end).toMatchObject({ status: 0, output: expect.stringContaining('agent/work -> agent/work') });
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(tip);
    expect(mirrorRefs(gate)).toBe(upstreamRefs());
    expect(await gate.said('git-push')).toMatchObject({
      remote: 'origin',
      updates: ['create refs/heads/agent/work'],
    });
    const next = commit(copy, 'a.txt', 'b\n');
    expect((await push('origin', 'agent/work')).status).toBe(0);
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(next);
    expect(readdirSync(join(gate.mirror(), 'objects')).filter((name) => name.includes('incoming'))).toEqual(
      [],
    );
  });

  it('goes to an upstream behind https with the token', async () => {
    await using site = await startHttpUpstream();
    git(seed, 'push', '--quiet', site.directory, 'main');
    const remotes = [toRemote(toHttpUpstreamPlan(site))];
    await using gate = await startGate({
      remotes,
      values: { 'secret-1': site.token },
      extraCa: [site.caPem],
    });
    await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
    const tip = commit(copy, 'a.txt', 'a\n');
    expect((await push('origin', 'HEAD:agent/work')).status).toBe(0);
    expect(git(site.directory, 'rev-parse', 'agent/work')).toBe(tip);
  });

  it('makes the first branch of an empty repository', async () => {
    await using empty = await startSshUpstream();
    await using gate = await startGate({
      remotes: [toRemote(toSshUpstreamPlan(empty), { push: ['main'] })],
      values: { 'secret-0': empty.privateKey },
    });
    await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
    const tip = commit(copy, 'a.txt', 'a\n');
    expect((await push('origin', 'HEAD:main')).status).toBe(0);
    expect(git(empty.directory, 'rev-parse', 'main')).toBe(tip);
  });

  it('takes what is made on a shallow clone and on one without files', async () => {
    await using gate = await startCloned();
    for (const [index, option] of ['--depth=1', '--filter=blob:none'].entries()) {
      await runClient(folder, 'clone', '--quiet', option, gate.url(), `copy-${index}`);
      const other = join(folder, `copy-${index}`);
      const tip = commit(other, 'b.txt', 'b\n');
      const end = await runClient(other, 'push', '--quiet', 'origin', `HEAD:agent/part-${index}`);
      expect(end).toEqual({ status: 0, output: '' });
      expect(git(upstream.directory, 'rev-parse', `agent/part-${index}`)).toBe(tip);
    }
  });

  it('takes several branches and a new tag at once', async () => {
    await using gate = await startCloned({ push: ['agent/**', 'refs/tags/agent-*'] });
    commit(copy, 'a.txt', 'a\n');
    git(copy, 'tag', '--annotate', '--message', 'one', 'agent-1');
    const end = await push('origin', 'agent/work', 'HEAD:agent/other', 'agent-1');
    expect(end.status).toBe(0);
    expect(mirrorRefs(gate)).toBe(upstreamRefs());
    expect(upstreamRefs()).toContain('refs/tags/agent-1');
  });
});

describe('a push that upstream refuses', () => {
  it("shows upstream's own words, and leaves the mirror as it was", async () => {
    await using gate = await startCloned();
    const before = mirrorRefs(gate);
    const objects = git(gate.mirror(), 'count-objects', '-v');
    upstream.refusePushes('Policy 7: no pushes on Saturdays.\u001b[2J');
    commit(copy, 'a.txt', 'a\n');
    const end = await push('origin', 'agent/work');
    expect(end.status).not.toBe(0);
    expect(end.output).toContain('remote: Policy 7: no pushes on Saturdays.?[2J');
    expect(end.output).toContain('refused the push');
    expect(mirrorRefs(gate)).toBe(before);
    expect(git(gate.mirror(), 'count-objects', '-v')).toBe(objects);
    upstream.acceptPushes();
    expect((await push('origin', 'agent/work')).status).toBe(0);
  });

  it('is refused as a whole when one of its branches is', async () => {
    await using gate = await startCloned();
    commit(copy, 'a.txt', 'a\n');
    expect((await push('origin', 'agent/work')).status).toBe(0);
    // Somebody else moves one of the two branches.
    git(copy, 'checkout', '--quiet', 'main');
    const others = commit(copy, 'b.txt', 'b\n');
    git(copy, 'push', '--quiet', '--force', upstream.directory, 'HEAD:agent/work');
    git(copy, 'checkout', '--quiet', 'agent/work');
    commit(copy, 'c.txt', 'c\n');
    const end = await push('origin', 'agent/work', 'HEAD:agent/second');
    expect(end.status).not.toBe(0);
    expect(end.output).toContain('has commits on that branch that the gate has not seen');
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(others);
    expect(upstreamRefs()).not.toContain('agent/second');
    expect(mirrorRefs(gate)).not.toContain('agent/second');
    // The next push looks first, so that git itself says what to do.
    expect((await push('origin', 'agent/work')).output).toMatch(/fetch first|non-fast-forward/);
  });

  it('is refused when upstream cannot be reached', async () => {
    await using gate = await startCloned();
    commit(copy, 'a.txt', 'a\n');
    await upstream.stop();
    const end = await push('origin', 'agent/work');
    expect(end.output).toContain('remote: The gate could not reach 127.0.0.1.');
    expect(await gate.said('blocked')).toMatchObject({ layer: 'git', reason: 'upstream' });
  });
});

describe('a push with something that may not leave', () => {
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n'.repeat(4)}-----END OPENSSH PRIVATE KEY-----\n`;

  it('is refused before any contact with upstream, when only a commit on the way has it', async () => {
    await using gate = await startCloned();
    const clean = commit(copy, 'a.txt', 'a\n');
    const dirty = commit(copy, 'key.pem', key);
    git(copy, 'rm', '--quiet', 'key.pem');
    git(copy, 'commit', '--quiet', '--message', 'without the key');
    const [refs, mirrored, contacts] = [upstreamRefs(), mirrorRefs(gate), upstream.contacts()];
    const end = await push('origin', 'agent/work');
    expect(end.status).not.toBe(0);
    expect(end.output.split(`commit ${dirty.slice(0, 12)}: key.pem, line 1, holds`)).toHaveLength(2);
    expect(end.output).not.toContain('b3BlbnNz');
    expect(upstream.contacts()).toEqual(contacts);
    expect([upstreamRefs(), mirrorRefs(gate)]).toEqual([refs, mirrored]);
    expect(await gate.said('blocked')).toMatchObject({ layer: 'dlp', level: 'warn' });
    expect(JSON.stringify(gate.log)).not.toContain('b3BlbnNz');
    // The same branch without that commit goes through.
    expect((await push('origin', `${clean}:refs/heads/agent/work`)).status).toBe(0);
  });
});

describe('a push by force', () => {
  const rewrite = (): string => {
    git(copy, 'commit', '--quiet', '--amend', '--message', 'another');
    return git(copy, 'rev-parse', 'HEAD');
  };

  it('is refused where the manifest does not allow it', async () => {
    await using _gate = await startCloned();
    commit(copy, 'a.txt', 'a\n');
    await push('origin', 'agent/work');
    rewrite();
    const end = await push('--force', 'origin', 'agent/work');
    expect(end.output).toContain('this remote takes no push by force');
  });

  it("is let through to the bottle's own branch alone", async () => {
    git(seed, 'push', '--quiet', upstream.directory, 'HEAD:agent/theirs');
    await using _gate = await startCloned({ force: true });
    commit(copy, 'a.txt', 'a\n');
    await push('origin', 'agent/work');
    const tip = rewrite();
    expect((await push('--force', 'origin', 'agent/work')).status).toBe(0);
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(tip);
    git(copy, 'checkout', '--quiet', '--orphan', 'fresh');
    git(copy, 'commit', '--quiet', '--message', 'from nothing');
    const refused = await push('--force', 'origin', 'HEAD:agent/theirs');
    expect(refused.output).toContain('did not come from this bottle');
  });

  it('is refused once somebody else has pushed to the branch', async () => {
    await using _gate = await startCloned({ force: true });
    commit(copy, 'a.txt', 'a\n');
    await push('origin', 'agent/work');
    const theirs = join(folder, 'theirs');
    git(folder, 'clone', '--quiet', '--branch', 'agent/work', upstream.directory, 'theirs');
    const added = commit(theirs, 'theirs.txt', 'x\n');
    git(theirs, 'push', '--quiet', 'origin', 'agent/work');
    await runClient(copy, 'fetch', '--quiet');
    rewrite();
    const end = await push('--force', 'origin', 'agent/work');
    expect(end.output).toContain('did not come from this bottle');
    expect(git(upstream.directory, 'rev-parse', 'agent/work')).toBe(added);
  });

  it('never moves a tag', async () => {
    await using _gate = await startCloned({ force: true, push: ['agent/**', 'refs/tags/**'] });
    git(copy, 'tag', 'v1');
    expect((await push('origin', 'v1')).status).toBe(0);
    commit(copy, 'a.txt', 'a\n');
    git(copy, 'tag', '--force', 'v1');
    const end = await push('--force', 'origin', 'v1');
    expect(end.output).toContain('a tag is never moved');
  });
});

describe('pushes at once', () => {
  it('to two branches both arrive', async () => {
    await using gate = await startCloned();
    commit(copy, 'a.txt', 'a\n');
    const ends = await Promise.all([1, 2, 3].map((number) => push('origin', `HEAD:agent/work-${number}`)));
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(mirrorRefs(gate)).toBe(upstreamRefs());
    expect(pushContacts()).toHaveLength(3);
  });

  it('to one branch: one wins, the other is told', async () => {
    await using gate = await startCloned();
    commit(copy, 'a.txt', 'a\n');
    const one = git(copy, 'rev-parse', 'HEAD');
    git(copy, 'checkout', '--quiet', '-b', 'second', 'main');
    const other = commit(copy, 'b.txt', 'b\n');
    const ends = await Promise.all([
      push('origin', `${one}:refs/heads/agent/same`),
      push('origin', `${other}:refs/heads/agent/same`),
    ]);
    expect(ends.map(({ status }) => status === 0).toSorted()).toEqual([false, true]);
    expect(mirrorRefs(gate)).toBe(upstreamRefs());
  });

  it('and fetches meanwhile leave the mirror as upstream is', async () => {
    await using gate = await startCloned();
    for (let round = 0; round < 5; round += 1) {
      commit(copy, 'a.txt', `${round}\n`);
      const [pushed, ...fetched] = await Promise.all([
        push('origin', 'agent/work'),
        ...[1, 2, 3].map(() => runClient(folder, 'ls-remote', gate.url())),
      ]);
      expect(pushed.output).toContain('agent/work');
      expect([pushed, ...fetched].map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    }
    expect(mirrorRefs(gate)).toBe(upstreamRefs());
  });
});
