import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend, RunningBottle } from '../../src/backends/backend.ts';
import { loadBackends } from '../../src/backends/registry.ts';
import { writeStateFile } from '../../src/host/state-directory.ts';
import { applyGrants } from '../../src/plans/apply-grants.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import type { Grant, LivePolicy } from '../../src/plans/live-policy.ts';
import { toConfigFiles } from '../../src/plans/to-config-files.ts';
import {
  createLaunchContext,
  createTestPlace,
  findContainerOf,
  type TestPlace,
  whyNoEngine,
} from '../support/engine.ts';
import { execIn } from '../support/test-network.ts';

const reason = await whyNoEngine();
const backends = (await loadBackends()).map((backend) => [backend.kind, backend] as const);
const never = new AbortController().signal;

function toGrant(host: string): Grant {
  return {
    request: 'req-0000abcd',
    operator: 'op',
    grantedAt: '2026-01-01T00:00:00.000Z',
    change: {
      kind: 'route',
      host,
      scheme: 'https',
      port: 443,
      methods: null,
      paths: null,
      credentialOf: null,
    },
  };
}

describe.each(backends)('a change of policy on %s', (_kind, backend: Backend) => {
  const stack = new AsyncDisposableStack();
  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  afterAll(() => stack.disposeAsync());

  interface Up {
    readonly place: TestPlace;
    readonly plan: BottlePlan;
    readonly bottle: RunningBottle;
    readonly stack: AsyncDisposableStack;
  }

  async function up(label: string, argv: readonly string[] = ['sleep', 'infinity']): Promise<Up> {
    const place = stack.use(await createTestPlace(label));
    const own = stack.use(new AsyncDisposableStack());
    const plan = await place.plan(argv);
    const bottle = await backend.launch(plan, createLaunchContext(own));
    await bottle.start();
    return { place, plan, bottle, stack: own };
  }

  /** Writes the daemons' files as an operator's process does. */
  async function write(plan: BottlePlan, revision: number, grants: readonly Grant[] = []): Promise<void> {
    const policy: LivePolicy = { version: 1, revision, grants };
    const folder = join(plan.stateDirectory, 'bundle');
    for (const file of toConfigFiles(applyGrants(plan, policy))) await writeStateFile(folder, file);
  }

  /** Who has said so far that it acts by which revision. */
  async function answers(bottle: RunningBottle): Promise<readonly string[]> {
    const log = await text(bottle.logs({ kind: 'bundle', daemon: null }, { follow: false }));
    const lines = log.split('\n').filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'reloaded')
      .map(({ daemon, revision }) => `${daemon} ${revision}`);
  }

  describe('of one bottle', () => {
    let one: Up;
    let revision = 0;
    beforeAll(async () => {
      if (reason === null) one = await up('policy');
    });

    it('is in force when reload returns, and once more when it is asked again', async () => {
      const { bottle, plan } = one;
      await write(plan, ++revision, [toGrant('granted.test')]);
      await bottle.reload(revision, never);
      expect((await answers(bottle)).toSorted()).toEqual([`egress ${revision}`, `pipelock ${revision}`]);
      await bottle.reload(revision, never);
      expect(await answers(bottle)).toHaveLength(4);
      expect(await bottle.state()).toBe('running');
    });

    it('can be made by another process, and while the guest is paused', async () => {
      const { place, plan, bottle } = one;
      const found = await backend.open(place.name);
      await write(plan, ++revision);
      await found.reload(revision, never);
      await bottle.pause();
      await write(plan, ++revision, [toGrant('granted.test')]);
      await found.reload(revision, never);
      expect(await bottle.state()).toBe('paused');
      await bottle.resume();
      expect(await answers(bottle)).toEqual(
        expect.arrayContaining([`egress ${revision}`, `pipelock ${revision}`]),
      );
    });

    it('is not waited for where there is none, but every daemon is told', async () => {
      const before = (await answers(one.bottle)).length;
      await one.bottle.reload(null, never);
      await expect.poll(() => answers(one.bottle)).toHaveLength(before + 2);
    });

    it.each([
      ['egress.json', 'egress'],
      ['pipelock-rules.json', 'pipelock'],
    ])('is not applied where %s is wrong; the bottle lives on, and takes the next', async (file, daemon) => {
      const { bottle, plan } = one;
      await write(plan, ++revision);
      await writeFile(join(plan.stateDirectory, 'bundle', file), '{ "version": 1 }');
      await expect(bottle.reload(revision, never)).rejects.toMatchObject({
        code: 'policy-not-applied',
        message: expect.stringContaining(`${daemon}: `),
      });
      expect(await bottle.state()).toBe('running');
      await write(plan, ++revision);
      await bottle.reload(revision, never);
      expect(await bottle.state()).toBe('running');
    });

    it('is not applied where another revision than the one that is asked for was written', async () => {
      await write(one.plan, ++revision);
      await expect(one.bottle.reload(revision + 1, never)).rejects.toMatchObject({
        code: 'policy-not-applied',
      });
      await one.bottle.reload(revision, never);
    });

    it('is not applied while a daemon hangs, whatever the other says', async () => {
      const { bottle, plan, place } = one;
      const bundle = await findContainerOf(place.name, 'bundle');
      await write(plan, ++revision);
      await signalDaemons(bundle, 'pipelock', 'SIGSTOP');
      await expect(bottle.reload(revision, never)).rejects.toMatchObject({
        code: 'policy-not-applied',
        message: expect.stringContaining('pipelock did not answer'),
      });
      await signalDaemons(bundle, 'pipelock', 'SIGCONT');
      await bottle.reload(revision, never);
    });

    it('is not waited for after an abort', async () => {
      const enough = new AbortController();
      enough.abort(new Error('enough'));
      await expect(one.bottle.reload(revision, enough.signal)).rejects.toThrow('enough');
      await one.bottle.reload(revision, never);
    });
  });

  it('is refused for a bottle that has ended, and for one that is gone', async () => {
    const { bottle, stack: own } = await up('policy-ended', ['true']);
    await bottle.wait();
    for (const revision of [0, null])
      await expect(bottle.reload(revision, never)).rejects.toMatchObject({ code: 'bottle-not-running' });
    await own.disposeAsync();
    for (const revision of [0, null])
      await expect(bottle.reload(revision, never)).rejects.toMatchObject({ code: 'bottle-not-up' });
  });

  it.each([
    ['dead', (container: Awaited<ReturnType<typeof findContainerOf>>) => container.kill()],
    ['gone', (container: Awaited<ReturnType<typeof findContainerOf>>) => container.remove({ force: true })],
  ])('is refused where the bundle is %s', async (_what, strike) => {
    const { bottle, place } = await up('policy-drifted');
    await strike(await findContainerOf(place.name, 'bundle'));
    for (const revision of [0, null])
      await expect(bottle.reload(revision, never)).rejects.toMatchObject({
        code: 'bottle-not-running',
        message: expect.stringContaining('bundle'),
      });
    await expect((await backend.open(place.name)).reload(0, never)).rejects.toMatchObject({
      code: 'bottle-not-running',
    });
  });

  it('is not applied where the bundle dies of it', async () => {
    const { bottle, place, plan } = await up('policy-dying');
    const bundle = await findContainerOf(place.name, 'bundle');
    await write(plan, 1);
    await signalDaemons(bundle, 'pipelock', 'SIGSTOP');
    const refused = expect(bottle.reload(1, never)).rejects.toMatchObject({
      code: 'policy-not-applied',
      message: expect.stringContaining('egress was ended by SIGKILL'),
    });
    await expect.poll(() => answers(bottle)).toEqual(['egress 1']);
    await signalDaemons(bundle, 'egress', 'SIGKILL');
    await refused;
  });

  /** Signals a daemon from inside the bundle, where there is no program but node. */
  async function signalDaemons(
    bundle: Awaited<ReturnType<typeof findContainerOf>>,
    daemon: string,
    signal: string,
  ): Promise<void> {
    const script = `const fs = require('node:fs');
      for (const id of fs.readdirSync('/proc').filter(Number)) {
        const argv = fs.readFileSync('/proc/' + id + '/cmdline', 'utf8').split('\\0');
        if (argv.includes('/opt/bottle/${daemon}.js')) process.kill(Number(id), '${signal}');
      }`;
    expect(await execIn(bundle, ['node', '-e', script], '')).toMatchObject({ status: 0, stderr: '' });
  }
});
