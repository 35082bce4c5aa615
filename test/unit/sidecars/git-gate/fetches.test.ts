import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitUpstream } from '../../../../src/plans/git-gate-plan.ts';
import { git } from '../../../support/git.ts';
import { type SshUpstream, startHttpUpstream, startSshUpstream } from '../../../support/git-upstreams.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { runClient, startGate, toHttpUpstreamPlan, toRemote, toSshUpstreamPlan } from './start-gate.ts';

let folder: string;
let seed: string;
let upstream: SshUpstream;

/** Commits a file in the repository that stands for somebody else's, and pushes straight to upstream. */
function commit(name: string, content: string, branch = 'main'): string {
  writeFileSync(join(seed, name), content);
  git(seed, 'add', name);
  git(seed, 'commit', '--quiet', '--message', `adds ${name}`);
  git(seed, 'push', '--quiet', upstream.directory, `HEAD:refs/heads/${branch}`);
  return git(seed, 'rev-parse', 'HEAD');
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-fetch-'));
  seed = join(folder, 'seed');
  git(folder, 'init', '--quiet', '--initial-branch=main', 'seed');
  upstream = await startSshUpstream();
});

afterEach(async () => {
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const startSshGate = (more = {}) =>
  startGate({
    remotes: [toRemote(toSshUpstreamPlan(upstream))],
    values: { 'secret-0': upstream.privateKey },
    ...more,
  });

describe('a fetch through the gate, from an upstream behind ssh', () => {
  it('clones, with and without ".git", and by the remote\'s name', async () => {
    commit('a.txt', 'one\n');
    await using gate = await startSshGate();
    for (const [index, path] of [
      'forge.example/o/r.git',
      'forge.example/o/r',
      '/forge.example/o/r/',
      'origin.git',
    ].entries()) {
      expect(await runClient(folder, 'clone', '--quiet', gate.url(path), `copy-${index}`)).toEqual({
        status: 0,
        output: '',
      });
      expect(readFileSync(join(folder, `copy-${index}/a.txt`), 'utf8')).toBe('one\n');
    }
  });

  it('sees what somebody else pushed a moment ago, and no longer what was deleted', async () => {
    commit('a.txt', 'one\n');
    commit('b.txt', 'two\n', 'topic');
    await using gate = await startSshGate();
    await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
    expect(git(join(folder, 'copy'), 'branch', '-r')).toContain('origin/topic');
    const tip = commit('c.txt', 'three\n');
    git(upstream.directory, 'branch', '--delete', '--force', 'topic');
    expect((await runClient(join(folder, 'copy'), 'pull', '--quiet', '--prune')).status).toBe(0);
    expect(git(join(folder, 'copy'), 'rev-parse', 'HEAD')).toBe(tip);
    expect(git(join(folder, 'copy'), 'branch', '-r')).not.toContain('origin/topic');
  });

  it('gives tags, and the branch that upstream calls its HEAD', async () => {
    commit('a.txt', 'one\n');
    commit('b.txt', 'two\n', 'trunk');
    git(seed, 'tag', '--annotate', '--message', 'first', 'v1');
    git(seed, 'push', '--quiet', upstream.directory, 'v1');
    git(upstream.directory, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
    await using gate = await startSshGate();
    await runClient(folder, 'clone', '--quiet', gate.url(), 'copy');
    expect(git(join(folder, 'copy'), 'branch', '--show-current')).toBe('trunk');
    expect(git(join(folder, 'copy'), 'describe')).toBe('v1');
  });

  it('clones shallow and in part', async () => {
    commit('a.txt', 'one\n');
    commit('b.txt', 'two\n');
    await using gate = await startSshGate();
    const shallow = await runClient(folder, 'clone', '--quiet', '--depth=1', gate.url(), 'shallow');
    expect(shallow).toEqual({ status: 0, output: '' });
    expect(git(join(folder, 'shallow'), 'rev-list', '--count', 'HEAD')).toBe('1');
    const part = await runClient(folder, 'clone', '--quiet', '--filter=blob:none', gate.url(), 'part');
    expect(part).toEqual({ status: 0, output: '' });
    expect(readFileSync(join(folder, 'part/b.txt'), 'utf8')).toBe('two\n');
  });

  it('clones a repository with nothing in it', async () => {
    await using gate = await startSshGate();
    expect((await runClient(folder, 'clone', gate.url(), 'copy')).status).toBe(0);
    expect(existsSync(join(folder, 'copy/.git'))).toBe(true);
  });

  it('asks upstream once for many that come at once', async () => {
    commit('a.txt', 'one\n');
    await using gate = await startSshGate();
    await runClient(folder, 'clone', '--quiet', gate.url(), 'first');
    const before = upstream.contacts().length;
    const ends = await Promise.all([1, 2, 3, 4, 5, 6].map(() => runClient(folder, 'ls-remote', gate.url())));
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(upstream.contacts().length - before).toBeLessThan(6);
  });
});

describe('a mirror that could not be refreshed', () => {
  it('is not served when upstream cannot be reached', async () => {
    commit('a.txt', 'one\n');
    await using gate = await startSshGate();
    expect((await runClient(folder, 'clone', '--quiet', gate.url(), 'copy')).status).toBe(0);
    await upstream.stop();
    const end = await runClient(join(folder, 'copy'), 'fetch');
    expect(end.status).not.toBe(0);
    expect(end.output).toContain('fatal: remote error: The gate could not reach 127.0.0.1.');
    expect(await gate.said('blocked')).toMatchObject({ level: 'warn', layer: 'git', reason: 'unreachable' });
  });

  it('is not served when upstream shows another host key, and nothing is sent there', async () => {
    commit('a.txt', 'one\n');
    await using gate = await startSshGate();
    expect((await runClient(folder, 'clone', '--quiet', gate.url(), 'copy')).status).toBe(0);
    const before = upstream.contacts().length;
    await upstream.changeHostKey();
    const end = await runClient(join(folder, 'copy'), 'fetch');
    expect(end.status).not.toBe(0);
    expect(end.output).toContain("The host key of 127.0.0.1 is not the one pinned in the bottle's manifest");
    expect(upstream.contacts().length).toBe(before);
  });

  it('is not served when no host key is pinned', async () => {
    commit('a.txt', 'one\n');
    await using gate = await startGate({
      remotes: [toRemote({ ...toSshUpstreamPlan(upstream), knownHosts: [] } as GitUpstream)],
      values: { 'secret-0': upstream.privateKey },
    });
    const end = await runClient(folder, 'clone', gate.url(), 'copy');
    expect(end.output).toContain('is not the one pinned');
    expect(upstream.contacts()).toEqual([]);
  });

  it('is not served when upstream does not know the key', async () => {
    commit('a.txt', 'one\n');
    await using other = await startSshUpstream();
    await using gate = await startSshGate({ values: { 'secret-0': other.privateKey } });
    const end = await runClient(folder, 'clone', gate.url(), 'copy');
    expect(end.output).toContain("127.0.0.1 does not accept the gate's credential");
  });

  it('is not served when upstream has no such repository', async () => {
    await using gate = await startGate({
      remotes: [toRemote({ ...toSshUpstreamPlan(upstream), path: '/nowhere.git' } as GitUpstream)],
      values: { 'secret-0': upstream.privateKey },
    });
    const end = await runClient(folder, 'clone', gate.url(), 'copy');
    expect(end.output).toContain('127.0.0.1 knows no such repository');
  });

  it('is not served when upstream does not answer in time', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await using gate = await startGate({
      remotes: [toRemote({ ...toSshUpstreamPlan(upstream), port } as GitUpstream)],
      values: { 'secret-0': upstream.privateKey },
      limits: { refreshTimeoutMs: 300 },
    });
    const end = await runClient(folder, 'clone', gate.url(), 'copy');
    expect(end.output).toContain('127.0.0.1 did not answer the gate in time.');
    silent.close();
  });
});

describe('an upstream behind https', () => {
  it('is fetched from with the token, which the guest never sees', async () => {
    await using site = await startHttpUpstream();
    writeFileSync(join(seed, 'a.txt'), 'one\n');
    git(seed, 'add', 'a.txt');
    git(seed, 'commit', '--quiet', '--message', 'first');
    git(seed, 'push', '--quiet', site.directory, 'HEAD:refs/heads/main');
    const remotes = [toRemote(toHttpUpstreamPlan(site))];
    await using gate = await startGate({
      remotes,
      values: { 'secret-1': site.token },
      extraCa: [site.caPem],
    });
    expect(await runClient(folder, 'clone', '--quiet', gate.url(), 'copy')).toEqual({
      status: 0,
      output: '',
    });
    expect(readFileSync(join(folder, 'copy/a.txt'), 'utf8')).toBe('one\n');
    expect(JSON.stringify(gate.log)).not.toContain(site.token);
    expect(readFileSync(join(gate.mirror(), 'config'), 'utf8')).not.toMatch(/http|url/i);

    await using wrong = await startGate({
      remotes,
      values: { 'secret-1': 'another' },
      extraCa: [site.caPem],
    });
    const refused = await runClient(folder, 'clone', wrong.url(), 'copy-2');
    expect(refused.output).toContain("127.0.0.1 does not accept the gate's credential");

    await using untrusting = await startGate({ remotes, values: { 'secret-1': site.token } });
    const distrusted = await runClient(folder, 'clone', untrusting.url(), 'copy-3');
    expect(distrusted.output).toContain('The certificate of 127.0.0.1 cannot be trusted');
  });

  it('is not followed to another place', async () => {
    await using site = await startHttpUpstream();
    git(seed, 'commit', '--quiet', '--allow-empty', '--message', 'first');
    git(seed, 'push', '--quiet', site.directory, 'HEAD:refs/heads/main');
    const authority = createTestAuthority();
    const moved = createHttpsServer(authority.issue(['127.0.0.1']), (request, response) => {
      response.writeHead(302, { location: `https://127.0.0.1:${site.port}${request.url}` }).end();
    }).listen(0, '127.0.0.1');
    await once(moved, 'listening');
    const { port } = moved.address() as AddressInfo;
    await using gate = await startGate({
      remotes: [toRemote({ ...toHttpUpstreamPlan(site), port } as GitUpstream)],
      values: { 'secret-1': site.token },
      extraCa: [site.caPem, authority.caPem],
    });
    const end = await runClient(folder, 'clone', gate.url(), 'copy');
    expect(end.output).toContain('says that the repository is elsewhere, and the gate follows no redirect');
    expect(site.contacts()).toEqual([]);
    moved.close();
  });
});

describe('what the gate keeps', () => {
  it('is readable for its own user alone', async () => {
    await using gate = await startSshGate();
    const run = join(gate.root, 'run/git-gate');
    const names = readdirSync(run).filter((name) => !name.endsWith('.sock'));
    expect(names).toContain('key-0');
    for (const name of names) expect(statSync(join(run, name)).mode & 0o077, name).toBe(0);
    expect(readFileSync(join(run, 'key-0'), 'utf8')).toBe(upstream.privateKey);
  });
});
