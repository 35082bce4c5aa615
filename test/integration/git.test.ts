import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import { addCommit, type GitUpstreams, refOf, runScript, startGitUpstreams } from '../support/git-bottle.ts';
import { runProbe } from '../support/probe.ts';
import { createSealedBottle, type SealedBottle } from '../support/sealed-bottle.ts';
import { untilWaiting } from '../support/until-waiting.ts';

interface Found {
  readonly hits: readonly { readonly needle: number; readonly where: string }[];
}

const reason = await whyNoEngine();

describe('git in a bottle', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;
  let upstreams: GitUpstreams;

  const run = (script: string) => runScript(bottle.asAgent, `cd /workspace\n${script}`);
  /** Requests that would have told upstream of a push. */
  const pushes = (contacts: readonly string[]): number =>
    contacts.filter((contact) => contact.includes('receive-pack')).length;

  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(
      await createSealedBottle('git', async (surroundings) => {
        upstreams = stack.use(await startGitUpstreams(surroundings));
        const { origin, mirror } = upstreams.remotes;
        return {
          git: { remotes: { origin, mirror } },
        };
      }),
    );
  });
  afterAll(() => stack.disposeAsync());

  describe.each(['ssh', 'http'] as const)('by %s', (kind) => {
    const upstream = () => upstreams[kind];

    it('clones, commits and pushes with the url that people have', async () => {
      const done = await run(`
        git clone -q ${upstream().url} ${kind}
        cd ${kind}
        git checkout -q -b agent/work
        echo change > file && git add file && git commit -qm change
        git push origin agent/work
        git rev-parse HEAD`);
      expect(done.said).toContain('agent/work');
      expect(done.status).toBe(0);
      expect(refOf(upstream().directory, 'refs/heads/agent/work')).toBe(
        done.stdout.trim().split('\n').at(-1),
      );
    });

    it('sees at once what somebody else committed', async () => {
      const commit = addCommit(upstream().directory, `news-${kind}`, 'news\n', 'out of band');
      const done = await run(`cd ${kind}; git fetch -q; git rev-parse origin/main`);
      expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining(commit) });
    });

    it('cannot push a secret, however deep it lies, and upstream never hears of it', async () => {
      const before = pushes(upstream().contacts());
      const done = await run(`
        cd ${kind}
        git checkout -q -b agent/leak origin/main
        printf %s '${bottle.secrets.planted}' | base64 > notes && git add notes && git commit -qm notes
        git rm -q notes && git commit -qm 'notes are gone'
        ! git push origin agent/leak`);
      expect(done.status).toBe(0);
      expect(done.said).toContain('PLANTED');
      expect(done.said).toContain('notes');
      expect(done.said).not.toContain(bottle.secrets.planted);
      expect(pushes(upstream().contacts())).toBe(before);
      expect(refOf(upstream().directory, 'refs/heads/agent/leak')).toBeNull();
    });

    it.each([
      ['another branch', 'git push origin HEAD:refs/heads/release', 'agent/*'],
      ['a branch that is to be deleted', 'git push origin :agent/work', 'delete'],
      ['a push by force', 'git commit -q --amend -m again && git push -f origin HEAD:agent/work', 'force'],
      ['everything', 'git push --mirror origin', 'agent/*'],
    ])('refuses %s with a sentence', async (_what, push, word) => {
      const before = pushes(upstream().contacts());
      const done = await run(`cd ${kind}; git checkout -q agent/work; ! { ${push}; }`);
      expect(done.status).toBe(0);
      const sentences = done.said.split('\n').filter((line) => line.startsWith('remote: '));
      expect(sentences.join('\n')).toContain(word);
      expect(pushes(upstream().contacts())).toBe(before);
    });

    it("passes on upstream's own words when that refuses, and the mirror stays as it was", async () => {
      upstream().refusePushes('Mondays are for reading.');
      const refused = await run(`
        cd ${kind}
        git checkout -q -b agent/refused origin/main
        echo x > x && git add x && git commit -qm x
        ! git push origin agent/refused`);
      upstream().acceptPushes();
      expect(refused.said).toContain('Mondays are for reading.');
      const seen = await run(`cd ${kind}; git ls-remote origin`);
      expect(seen.stdout).toContain('refs/heads/main');
      expect(seen.stdout).not.toContain('refs/heads/agent/refused');
      const again = await run(`cd ${kind}; git push -q origin agent/refused; git ls-remote origin`);
      expect(again.stdout).toContain('refs/heads/agent/refused');
    });
  });

  it('has neither key nor token anywhere that the guest can read', async () => {
    const decoy = `decoy-${randomBytes(12).toString('hex')}`;
    await run(`echo ${decoy} > "$HOME/decoy"`);
    const keyBody = upstreams.ssh.privateKey.split('\n')[2] ?? '';
    const { hits } = await runProbe<Found>(bottle.asRoot, 'search', {
      needles: [decoy, upstreams.http.token, keyBody],
    });
    expect(new Set(hits.map(({ needle }) => needle))).toEqual(new Set([0]));
  });

  it('refuses a push that goes round the gate over HTTPS, and no other request of git', async () => {
    const ask = async (path: string, method = 'GET'): Promise<number> => {
      const [result] = await runProbe<readonly { status: number }[]>(bottle.asAgent, 'fetch', {
        requests: [{ url: `https://open.test${path}`, method }],
      });
      return result?.status ?? 0;
    };
    expect(await ask('/o/r.git/info/refs?service=git-upload-pack')).toBe(200);
    expect(await ask('/o/r.git/git-upload-pack', 'POST')).toBe(200);
    expect(await ask('/o/r.git/info/refs?service=git-receive-pack')).toBe(403);
    expect(await ask('/o/r.git/info/refs?a=b&service=git%2Dreceive%2Dpack')).toBe(403);
    expect(await ask('/o/r.git/git-receive-pack', 'POST')).toBe(403);
  });

  it('says what the gate has when asked for what it has not', async () => {
    const done = await run(`! git clone git://${bottle.proxy.host}/github.com/o/other.git`);
    expect(done.said).toContain('origin');
    expect(done.said).toContain('remote error');
  });

  it('serves no mirror that it could not refresh, and says why', async () => {
    const contacts = upstreams.ssh.contacts().length;
    await upstreams.ssh.changeHostKey();
    const changed = await run('cd ssh; ! git fetch');
    expect(changed.said).toMatch(/remote error: .*key/);
    expect(upstreams.ssh.contacts()).toHaveLength(contacts);
    await upstreams.ssh.stop();
    const gone = await run('cd ssh; ! git fetch');
    expect(gone.said).toMatch(/remote error: .*(reach|refused|answer)/);
    // The other remote has nothing to do with it.
    expect((await run('cd http; git fetch')).status).toBe(0);
  });
});

describe('a push that waits for its operator', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  it('goes when approved, and not when rejected', async () => {
    await using stack = new AsyncDisposableStack();
    const started = Promise.withResolvers<GitUpstreams>();
    const bottle = stack.use(
      await createSealedBottle('git-asks', async (surroundings) => {
        const upstreams = stack.use(await startGitUpstreams(surroundings));
        started.resolve(upstreams);
        return { git: { remotes: { mirror: { ...upstreams.remotes.mirror, approve: true } } } };
      }),
    );
    const { http } = await started.promise;
    const push = (branch: string) =>
      runScript(
        bottle.asAgent,
        `cd /workspace; test -d r || git clone -q ${http.url} r; cd r
        git checkout -q -b ${branch} origin/main
        echo ${branch} > file && git add file && git commit -qm 'for ${branch}'
        git push origin ${branch}`,
      );
    const yes = push('agent/yes');
    const entry = await untilWaiting(bottle.home, 'push', yes);
    const { proposal } = entry.request;
    expect(proposal).toMatchObject({
      remote: 'mirror',
      commits: 1,
      updates: [{ ref: 'refs/heads/agent/yes', change: 'create' }],
      diffstat: expect.stringContaining('file'),
    });
    expect(http.contacts().filter((contact) => contact.includes('receive-pack'))).toEqual([]);
    await bottle.home.run(['supervise', 'approve', entry.request.id]);
    expect((await yes).status).toBe(0);
    expect(refOf(http.directory, 'refs/heads/agent/yes')).not.toBeNull();

    const no = push('agent/no');
    const second = await untilWaiting(bottle.home, 'push', no);
    await bottle.home.run(['supervise', 'reject', second.request.id, '--note', 'Tests first.']);
    const refused = await no;
    expect(refused.status).not.toBe(0);
    expect(refused.said).toContain('Tests first.');
    expect(refOf(http.directory, 'refs/heads/agent/no')).toBeNull();
  });
});
