import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { loadBackends } from '../../src/backends/registry.ts';
import { writeStateFile } from '../../src/host/state-directory.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import {
  createLaunchContext,
  createTestPlace,
  findContainerOf,
  findRemains,
  type TestPlace,
  whyNoEngine,
} from '../support/engine.ts';
import { execIn } from '../support/test-network.ts';

const reason = await whyNoEngine();
const backends = (await loadBackends()).map((backend) => [backend.kind, backend] as const);

/** Nobody answers at that name; the gate and its folders are there all the same. */
const everyDaemon = { supervise: true, git: { remotes: { origin: { url: 'https://git.test/o/r.git' } } } };
const users = { egress: 2001, pipelock: 2002, 'git-gate': 2003, supervise: 2004 } as const;
type User = keyof typeof users | 'root';

describe.each(backends)('what bundle and operator share on %s', (_kind, backend: Backend) => {
  const stack = new AsyncDisposableStack();
  let place: TestPlace;
  let plan: BottlePlan;
  let bundle: Docker.Container;
  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  beforeAll(async () => {
    if (reason !== null) return;
    place = stack.use(await createTestPlace('queues'));
    plan = await place.plan(['sleep', 'infinity'], everyDaemon);
    const own = stack.use(new AsyncDisposableStack());
    const bottle = await backend.launch(plan, createLaunchContext(own));
    await bottle.start();
    bundle = await findContainerOf(place.name, 'bundle');
  });
  afterAll(() => stack.disposeAsync());

  /** Runs a script in the bundle as one of its users. @returns what it printed, or the code of its error */
  async function runAs(user: User, script: string): Promise<string> {
    const id = user === 'root' ? 0 : users[user];
    const change = id === 0 ? '' : `process.setgroups([]); process.setgid(${id}); process.setuid(${id});`;
    const whole = `const fs = require('node:fs'); ${change}
      try { ${script} } catch (error) { console.log(error.code ?? String(error)); }`;
    const { status, stdout, stderr } = await execIn(bundle, ['node', '-e', whole], '');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim();
  }
  const writeScript = (path: string): string => `fs.writeFileSync('${path}', 'x'); console.log('written');`;
  const listScript = (path: string): string => `fs.readdirSync('${path}'); console.log('listed');`;

  it.each([
    ['queue', 'git-gate'],
    ['queue', 'supervise'],
    ['mirrors', 'git-gate'],
  ] as const)('leaves the folder "%s" of %s to that daemon alone', async (folder, daemon) => {
    const path = `/var/lib/bottle/${daemon}/${folder}`;
    for (const user of Object.keys(users) as (keyof typeof users)[]) {
      const may = user === daemon;
      expect({ user, did: await runAs(user, listScript(path)) }).toEqual({
        user,
        did: may ? 'listed' : 'EACCES',
      });
      const file = `${path}/by-${user}`;
      expect({ user, did: await runAs(user, writeScript(file)) }).toEqual({
        user,
        did: may ? 'written' : 'EACCES',
      });
    }
  });

  it('shows the operator what a daemon asks', async () => {
    for (const daemon of ['git-gate', 'supervise'] as const) {
      expect(await runAs(daemon, writeScript(`/var/lib/bottle/${daemon}/queue/asked`))).toBe('written');
      expect(await readFile(join(plan.stateDirectory, 'queue', daemon, 'asked'), 'utf8')).toBe('x');
    }
  });

  it('lets daemons read decisions, and nobody in the bundle make or change one', async () => {
    await writeStateFile(join(plan.stateDirectory, 'bundle'), { path: 'decisions/one', content: 'decided' });
    for (const user of ['git-gate', 'supervise', 'pipelock', 'root'] as const) {
      const decisions = '/etc/bottle/decisions';
      expect(await runAs(user, `console.log(fs.readFileSync('${decisions}/one', 'utf8'))`)).toBe('decided');
      for (const path of [`${decisions}/one`, `${decisions}/two`, '/etc/bottle/egress.json'])
        expect(await runAs(user, writeScript(path))).toBe('EROFS');
    }
    expect(await readdir(join(plan.stateDirectory, 'bundle/decisions'))).toEqual(['one']);
  });

  it('shows the guest none of it', async () => {
    const guest = await findContainerOf(place.name, 'guest');
    const { Mounts } = await guest.inspect();
    expect(Mounts.map(({ Destination }) => Destination).toSorted()).toEqual([
      '/etc/bottle',
      '/home',
      '/workspace',
    ]);
    const seen = await execIn(guest, ['sh', '-c', 'ls -a /etc/bottle; ls -d /var/lib/bottle'], '');
    expect(seen.stdout).not.toContain('decisions');
    expect(seen.stdout).not.toContain('/var/lib/bottle');
    expect(seen.stdout).toContain('ca.pem');
  });

  it("lets the guest's git talk to the gate, past the proxy", async () => {
    const address = plan.backend.guestNetwork.bundle;
    const guest = await findContainerOf(place.name, 'guest');
    const { status, stderr } = await execIn(
      guest,
      ['git', 'ls-remote', `git://${address}:9418/git.test/no/such`],
      '',
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain('remote error:');
  });

  it('is removed to the last file, whatever a daemon that fell made of its queue', async () => {
    const own = stack.use(await createTestPlace('swept'));
    await using launched = new AsyncDisposableStack();
    const bottle = await backend.launch(
      await own.plan(['sleep', 'infinity'], everyDaemon),
      createLaunchContext(launched),
    );
    await bottle.start();
    bundle = await findContainerOf(own.name, 'bundle');
    const dig = `process.chdir('/var/lib/bottle/supervise/queue');
      fs.mkdirSync('closed'); fs.writeFileSync('closed/file', ''); fs.chmodSync('closed', 0);
      fs.mkdirSync('sticky'); fs.writeFileSync('sticky/file', ''); fs.chmodSync('sticky', 0o1777);
      fs.symlinkSync('/etc', 'link'); fs.writeFileSync(Buffer.from([0xff, 0x41]), '');
      for (let depth = 0; depth < 40; depth++) { fs.mkdirSync('d'.repeat(250)); process.chdir('d'.repeat(250)); }
      console.log('dug');`;
    expect(await runAs('supervise', dig)).toBe('dug');
    await bottle.down();
    expect(await findRemains(own)).toEqual([]);
  });

  it('leaves nothing when it is taken down', async () => {
    const remains = await findRemains(place);
    expect(remains).toEqual(expect.arrayContaining([expect.stringMatching(/^volume .*-mirrors$/)]));
    expect(remains.filter((remain) => remain.includes('queue/')).length).toBeGreaterThan(2);
    await (await backend.open(place.name)).down();
    expect(await findRemains(place)).toEqual([]);
  });
});
