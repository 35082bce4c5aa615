import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareBottle } from '../../../../src/plans/prepare/prepare-bottle.ts';
import { createHostFacts } from '../../../support/host-facts.ts';
import { hostKey } from '../../../support/known-host.ts';
import { loadText } from '../../../support/load-text.ts';

const text = `
git:
  remotes:
    hub: { url: "git@hub.example:o/r.git", identity: ./id, knownHost: "${hostKey}" }
    token: { url: "https://lab.example/group/sub/p", token: { env: T }, username: oauth2 }
    port: { url: "ssh://me@own.example:2222/srv/r.git", identity: ./id, knownHost: "${hostKey}" }
    six: { url: "https://[2001:db8::1]:8443/o/t" }
`;

/** What real git makes of URLs with the configuration that the guest gets. */
describe("the guest's git", () => {
  let folder: string;
  let gate: string;
  const env = () => ({
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_SYSTEM: join(folder, 'gitconfig'),
    GIT_CONFIG_NOSYSTEM: '0',
  });
  const git = (...argv: readonly string[]): string =>
    execFileSync('git', argv, { env: env(), cwd: folder, encoding: 'utf8' }).trim();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bottle-test-'));
    const plan = prepareBottle(await loadText(text), createHostFacts());
    gate = `git://${plan.backend.guestNetwork.bundle}:9418`;
    expect(plan.guest.env).toMatchObject({ GIT_CONFIG_SYSTEM: '/etc/bottle/gitconfig' });
    const [file] = plan.guest.files;
    expect(file?.path).toBe('gitconfig');
    expect(file?.content).toMatch(/^\[include\]\n\tpath = \/etc\/gitconfig\n/);
    // The image's own file, of which this host has none to test with.
    await writeFile(join(folder, 'image-gitconfig'), '[safe]\n\tdirectory = *\n');
    const content = file?.content.replace('/etc/gitconfig', join(folder, 'image-gitconfig')) ?? '';
    await writeFile(join(folder, 'gitconfig'), content);
    execFileSync('git', ['init', '-q', folder]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ...['https://hub.example/o/r', 'https://git@hub.example/o/r', 'https://hub.example:443/o/r'],
    ...['ssh://git@hub.example/o/r', 'ssh://hub.example/o/r', 'ssh://git@hub.example:22/o/r'],
    ...['git@hub.example:o/r', 'git@hub.example:/o/r', 'hub.example:o/r', 'git://hub.example/o/r'],
  ])('asks the gate for %s, with and without .git', (url) => {
    expect(git('ls-remote', '--get-url', url)).toBe(`${gate}/hub.example/o/r`);
    expect(git('ls-remote', '--get-url', `${url}.git`)).toBe(`${gate}/hub.example/o/r.git`);
    expect(git('ls-remote', '--get-url', `${url}/`)).toBe(`${gate}/hub.example/o/r/`);
  });

  it.each([
    ['https://lab.example/group/sub/p.git', '/lab.example/group/sub/p.git'],
    ['https://oauth2@lab.example/group/sub/p', '/lab.example/group/sub/p'],
    ['git@lab.example:group/sub/p.git', '/lab.example/group/sub/p.git'],
    ['ssh://me@own.example:2222/srv/r.git', '/own.example:2222/srv/r.git'],
    ['ssh://own.example:2222/srv/r', '/own.example:2222/srv/r'],
    ['https://[2001:db8::1]:8443/o/t.git', '/[2001:db8::1]:8443/o/t.git'],
    // Only the beginning counts: the gate answers for these.
    ['https://hub.example/o/r2', '/hub.example/o/r2'],
  ])('asks the gate for %s', (url, path) => {
    expect(git('ls-remote', '--get-url', url)).toBe(`${gate}${path}`);
  });

  it.each([
    ...['https://hub.example/o/q.git', 'git@hub.example:x/o/r', 'https://hub.example:8443/o/r'],
    ...['https://own.example/srv/r.git', 'git@own.example:srv/r.git', 'https://lab.example:8443/group/sub/p'],
    ...['https://other.example/o/r', 'https://hub.example.evil.example/o/r'],
  ])('leaves %s alone', (url) => {
    expect(git('ls-remote', '--get-url', url)).toBe(url);
  });

  it('pushes there too, for remotes that a repository has already', () => {
    git('remote', 'add', 'origin', 'https://hub.example/o/r.git');
    expect(git('remote', 'get-url', '--push', 'origin')).toBe(`${gate}/hub.example/o/r.git`);
  });

  it("still has what the image's own configuration says", () => {
    expect(git('config', '--system', '--includes', '--get', 'safe.directory')).toBe('*');
  });
});

describe('without a remote', () => {
  it('git is left alone', async () => {
    const { env, files } = prepareBottle(await loadText('supervise: true'), createHostFacts()).guest;
    expect(env).not.toHaveProperty('GIT_CONFIG_SYSTEM');
    expect(files.map(({ path }) => path)).not.toContain('gitconfig');
  });
});
