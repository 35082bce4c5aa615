import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitEnvironment } from '../../../support/git.ts';
import { type HttpUpstream, startHttpUpstream } from '../../../support/git-upstreams.ts';
import { startProxies, type TestProxies } from '../daemon/start-proxies.ts';
import { route } from '../egress/start-test-egress.ts';

let upstream: HttpUpstream;
let proxies: TestProxies;
let folder: string;

/** Git of the guest, by its proxy and with the bottle's authority: real git, real daemons, a real git server. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bottle-git-guest-'));
  upstream = await startHttpUpstream();
  const { username } = upstream;
  proxies = await startProxies(
    [route('127.0.0.1', upstream.port, { auth: { kind: 'basic', username, secretId: 'secret-0' } })],
    { extraCa: [upstream.caPem], secret: upstream.token },
  );
  writeFileSync(join(folder, 'ca.pem'), proxies.ca);
});

afterAll(async () => {
  await proxies[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function git(...args: readonly string[]): Promise<{ status: number; output: string }> {
  const child = spawn('git', args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...gitEnvironment,
      HTTPS_PROXY: `http://127.0.0.1:${proxies.port}`,
      GIT_SSL_CAINFO: join(folder, 'ca.pem'),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      output += bytes;
    });
  }
  const [status] = await once(child, 'close');
  return { status, output };
}

/** A commit that upstream has and the guest has not, made on the server itself. */
async function commitUpstream(message: string): Promise<void> {
  const tree = (await git('-C', upstream.directory, 'mktree', '--missing')).output.trim();
  const parent = await git('-C', upstream.directory, 'rev-parse', '--verify', '--quiet', 'refs/heads/main');
  const parents = parent.status === 0 ? ['-p', parent.output.trim()] : [];
  const commit = await git('-C', upstream.directory, 'commit-tree', tree, ...parents, '-m', message);
  await git('-C', upstream.directory, 'update-ref', 'refs/heads/main', commit.output.trim());
}

describe('git over HTTPS, through both proxies', () => {
  it('clones and fetches, also with a negotiation that git compresses', async () => {
    await commitUpstream('one');
    expect(await git('clone', '--quiet', upstream.url, 'work')).toMatchObject({ status: 0 });
    // Many commits of its own make git ask about more than fits into a kilobyte, which it then sends compressed.
    for (let count = 0; count < 24; count += 1)
      await git('-C', 'work', 'commit', '--quiet', '--allow-empty', '--message', `own ${count}`);
    await commitUpstream('two');
    expect(await git('-C', 'work', 'fetch', '--quiet')).toMatchObject({ status: 0, output: '' });
    const fetched = await git('-C', 'work', 'log', '-1', '--format=%s', 'origin/main');
    expect(fetched.output.trim()).toBe('two');
  });

  it('does not push, and says by which way it would', async () => {
    const before = upstream.contacts().length;
    const { status, output } = await git('-C', 'work', 'push', 'origin', 'HEAD:refs/heads/agent/x');
    expect(status).not.toBe(0);
    expect(output).toContain('403');
    // Git shows what a server says in plain text.
    expect(output).toMatch(/remote: A git push over HTTPS does not leave this bottle/);
    expect(upstream.contacts()).toHaveLength(before);
    expect(await proxies.pipelock.event('blocked')).toMatchObject({ layer: 'git', method: 'GET' });
  });
});
