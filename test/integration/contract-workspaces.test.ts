import { execFileSync } from 'node:child_process';
import { chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { loadBackends } from '../../src/backends/registry.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import {
  createLaunchContext,
  createTestPlace,
  findRemains,
  runToEnd,
  type TestPlace,
  whyNoEngine,
} from '../support/engine.ts';

const reason = await whyNoEngine();
const backends = (await loadBackends()).map((backend) => [backend.kind, backend] as const);

describe.each(backends)('workspace and home on %s', (_kind, backend: Backend) => {
  const stack = new AsyncDisposableStack();
  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  afterAll(() => stack.disposeAsync());

  /** Runs a script as the guest's first process, in a bottle of its own, and returns what it printed. */
  async function runIn(
    place: TestPlace,
    script: string,
    manifest: object,
    change = (plan: BottlePlan): BottlePlan => plan,
  ): Promise<string> {
    await using own = new AsyncDisposableStack();
    const plan = change(await place.plan(['sh', '-c', script], manifest));
    const bottle = await backend.launch(plan, createLaunchContext(own));
    expect(await bottle.state()).toBe('created');
    const { end, stdout, stderr } = await runToEnd(async (streams) => {
      const session = await bottle.attach(streams, { replay: false });
      await bottle.start();
      return session;
    });
    expect({ end, stderr }).toEqual({ end: { kind: 'exited', status: 0 }, stderr: '' });
    return stdout.toString();
  }

  async function openPlace(label: string): Promise<TestPlace> {
    const place = stack.use(await createTestPlace(label));
    await mkdir(join(place.workspace, 'folder'));
    await writeFile(join(place.workspace, 'folder/file'), 'content');
    await writeFile(join(place.workspace, 'tool'), '#!/bin/sh\necho tool runs\n', { mode: 0o755 });
    await symlink('folder/file', join(place.workspace, 'inside'));
    await symlink('/etc/hostname', join(place.workspace, 'outside'));
    return place;
  }

  const look =
    'cat folder/file; echo; ./tool; readlink inside outside; touch new folder/new && echo writable';
  const seen = 'content\ntool runs\nfolder/file\n/etc/hostname\nwritable\n';

  it('binds the folder itself, as the user it belongs to', async () => {
    const place = await openPlace('bind');
    if (process.getuid?.() === 0) {
      for (const path of ['.', 'folder', 'folder/file', 'tool'])
        await chown(join(place.workspace, path), 4321, 4321);
    }
    const { uid } = await stat(place.workspace);
    const script = `${look}; id -u; touch ~/mine && stat -c %u ~/mine`;
    expect(await runIn(place, script, {})).toBe(`${seen}${uid}\n${uid}\n`);
    expect((await stat(join(place.workspace, 'new'))).uid).toBe(uid);
  });

  it('copies the folder, links as links, and shares nothing with it', async () => {
    const place = await openPlace('copy');
    const workspace = { source: place.workspace, mode: 'copy' };
    const script = `${look}; echo changed > folder/file; stat -c %u . folder tool | sort -u; id -u`;
    const [uid, own] = (await runIn(place, script, { workspace })).slice(seen.length).trim().split('\n');
    expect(uid).toBe(own);
    expect(await readFile(join(place.workspace, 'folder/file'), 'utf8')).toBe('content');
    await expect(stat(join(place.workspace, 'new'))).rejects.toThrow('ENOENT');
  });

  it('clones what is committed, and git works in the clone', async () => {
    const place = await openPlace('clone');
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'safe.directory=*', '-C', place.workspace, ...args], {
        stdio: 'ignore',
      });
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', 'first');
    await writeFile(join(place.workspace, 'untracked'), '');
    const workspace = { source: place.workspace, mode: 'clone' };
    const script = `${look}; test ! -e untracked && git add -A && git commit -q -m second && git log --format=%s; git remote`;
    expect(await runIn(place, script, { workspace })).toBe(`${seen}second\nfirst\n`);
  });

  it("gives the clone the manifest's remotes, and none of the host's", async () => {
    const place = await openPlace('remotes');
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'safe.directory=*', '-C', place.workspace, ...args], {
        stdio: 'ignore',
      });
    git('init', '-q', '-b', 'main');
    git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '--allow-empty', '-m', 'first');
    git('remote', 'add', 'mine', 'https://elsewhere.test/x');
    const url = 'https://git.test/o/r.git';
    const manifest = {
      workspace: { source: place.workspace, mode: 'clone' },
      git: { remotes: { origin: { url } } },
    };
    const script =
      'git remote; git config remote.origin.url; git config branch.main.remote; git status --porcelain';
    expect(await runIn(place, script, manifest)).toBe(`origin\n${url}\norigin\n`);
  });

  it('refuses to copy what is no file, and leaves nothing', async () => {
    const place = await openPlace('special');
    execFileSync('/usr/bin/mkfifo', [join(place.workspace, 'folder/pipe')]);
    await using own = new AsyncDisposableStack();
    const plan = await place.plan(['true'], { workspace: { source: place.workspace, mode: 'copy' } });
    await expect(backend.launch(plan, createLaunchContext(own))).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('folder/pipe'),
    });
    await own.disposeAsync();
    expect(await findRemains(place)).toEqual([]);
  });

  it('gives an image that knows nothing of bottle a home and a workspace to write', async () => {
    const place = await openPlace('plain');
    const workspace = { source: place.workspace, mode: 'copy' };
    const script =
      'touch ~/mine /tmp/mine here && echo "$HOME"; touch /usr/mine 2>/dev/null || echo read-only';
    const image = 'node:24-bookworm-slim';
    expect(await runIn(place, script, { workspace, image })).toBe('/home/agent\nread-only\n');
  });

  it("puts the plan's files into the home, its user's own, and leaves the rest as the image has it", async () => {
    const place = await openPlace('home');
    const homeFiles = [
      { path: '.deep/er/file', content: 'deep\n' },
      { path: '.bashrc', content: 'ours\n' },
    ];
    const script = `cd; cat .deep/er/file .bashrc; stat -c '%u %a' . .deep .deep/er/file .bashrc; id -u
      echo more >>.bashrc && touch .deep/more; test -s .profile && echo kept; ls -d .local/bin`;
    const printed = await runIn(place, script, {}, (plan) => ({
      ...plan,
      guest: { ...plan.guest, homeFiles: [...plan.guest.homeFiles, ...homeFiles] },
    }));
    const uid = /^(\d+)$/m.exec(printed)?.[1];
    expect(printed).toBe(
      `deep\nours\n${uid} 755\n${uid} 755\n${uid} 644\n${uid} 644\n${uid}\nkept\n.local/bin\n`,
    );
  });

  it("puts the bottle's files where the guest can read and not change them", async () => {
    const place = await openPlace('files');
    const script =
      'head -1 /etc/bottle/ca.pem; touch /etc/bottle/x 2>/dev/null || echo read-only; echo x 2>/dev/null > /etc/bottle/ca.pem || echo kept';
    expect(await runIn(place, script, {})).toBe('-----BEGIN CERTIFICATE-----\nread-only\nkept\n');
  });

  it('lets root in the guest use both without any capability', async () => {
    const place = await openPlace('root');
    const workspace = { source: place.workspace, mode: 'copy' };
    const script =
      'id -u; touch ~/mine new; grep CapEff /proc/self/status; chown 1 new 2>/dev/null || echo no right';
    expect(await runIn(place, script, { workspace, user: 'root' })).toBe(
      '0\nCapEff:\t0000000000000000\nno right\n',
    );
  });
});
