import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend, LaunchStep, Leftover } from '../../src/backends/backend.ts';
import { createDockerBackend } from '../../src/backends/docker/docker-backend.ts';
import { type Engine, openEngine } from '../../src/backends/engine/engine.ts';
import { findPackageRoot } from '../../src/host/package-root.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import {
  createLaunchContext,
  createTestPlace,
  findContainerOf,
  findRemains,
  runToEnd,
  type TestPlace,
  whyNoEngine,
} from '../support/engine.ts';

const reason = await whyNoEngine();
const idle = ['sleep', 'infinity'];

/** A bottle that has all there is to make: every daemon, every volume. Nobody answers at that name, which the gate can do without. */
const whole = (place: TestPlace): object => ({
  workspace: { source: place.workspace, mode: 'copy' },
  supervise: true,
  git: { remotes: { origin: { url: 'https://git.test/o/r.git' } } },
});

/** The backend on the real engine, each of whose calls `around` stands around. */
function createBackend(
  place: TestPlace,
  around?: (operation: string, call: () => Promise<unknown>) => Promise<unknown>,
): Backend {
  const real = openEngine(process.env);
  const engine: Engine = {
    ...real,
    call: <T>(operation: string, request: (docker: Docker) => Promise<T>) => {
      const call = (): Promise<T> => real.call(operation, request);
      return around === undefined ? call() : (around(operation, call) as Promise<T>);
    },
  };
  const searchPath = process.env.PATH ?? '';
  return createDockerBackend({
    engine,
    stateHome: place.stateHome,
    packageRoot: findPackageRoot(),
    searchPath,
  });
}

/** Calls that make or change something: everything but questions and removals. */
function isAcquisition(operation: string): boolean {
  return !/ (list|inspect|remove|kill|wait|logs)\b|^info|^version/.test(operation);
}

describe('teardown', () => {
  const stack = new AsyncDisposableStack();
  let place: TestPlace;
  /** The acquisitions of one launch, by the engine's calls, without the instance's own names. */
  let acquisitions: readonly string[] = [];

  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  beforeAll(async () => {
    if (reason !== null) return;
    place = stack.use(await createTestPlace('teardown'));
    await writeFile(`${place.workspace}/file`, 'content');
    const seen: string[] = [];
    const backend = createBackend(place, (operation, call) => {
      seen.push(operation);
      return call();
    });
    await using own = new AsyncDisposableStack();
    const plan = await place.plan(idle, whole(place));
    const bottle = await backend.launch(plan, createLaunchContext(own));
    await bottle.start();
    acquisitions = seen.filter(isAcquisition).map((operation) => operation.replaceAll(plan.slug, 'SLUG'));
  });
  afterAll(() => stack.disposeAsync());

  it('leaves nothing of a bottle that was up, which did have things', async () => {
    expect(acquisitions.length).toBeGreaterThanOrEqual(14);
    expect(await findRemains(place)).toEqual([]);
  });

  /** Launches and starts a bottle and counts what is left when its stack is disposed. */
  async function launchAndDispose(
    backend: Backend,
    changes: Parameters<typeof createLaunchContext>[1] = {},
  ): Promise<{ readonly error: unknown; readonly remains: readonly string[] }> {
    let error: unknown = null;
    {
      await using own = new AsyncDisposableStack();
      const plan = await place.plan(idle, whole(place));
      try {
        const bottle = await backend.launch(plan, createLaunchContext(own, changes));
        await bottle.start();
      } catch (caught) {
        error = caught;
      }
    }
    return { error, remains: await findRemains(place) };
  }

  describe('after each call to the engine', () => {
    // One test, since the calls are known only once a bottle was up.
    it('a failure leaves nothing: the call was made, its answer is lost', { timeout: 300_000 }, async () => {
      for (const [index, acquisition] of acquisitions.entries()) {
        let count = 0;
        const backend = createBackend(place, async (operation, call) => {
          const answer = await call();
          if (isAcquisition(operation) && count++ === index)
            throw new Error(`lost the answer to ${operation}`);
          return answer;
        });
        const { error, remains } = await launchAndDispose(backend);
        expect({ acquisition, error }).toMatchObject({
          error: { message: expect.stringContaining('lost the answer') },
        });
        expect({ acquisition, remains }).toEqual({ acquisition, remains: [] });
      }
    });

    it('an abort leaves nothing, also while the call is under way', { timeout: 300_000 }, async () => {
      for (const [index, acquisition] of acquisitions.entries()) {
        let count = 0;
        const controller = new AbortController();
        const backend = createBackend(place, (operation, call) => {
          const answer = call();
          if (isAcquisition(operation) && count++ === index) controller.abort(new Error('enough'));
          return answer;
        });
        const { error, remains } = await launchAndDispose(backend, { signal: controller.signal });
        // The start of the guest is not launch's any more: it is the caller who looks at the signal after it.
        const isStart = /container start .*guest/.test(acquisition);
        expect({ acquisition, error }).toMatchObject({ error: isStart ? null : { message: 'enough' } });
        expect({ acquisition, remains }).toEqual({ acquisition, remains: [] });
      }
    });
  });

  it.each<LaunchStep>(['state', 'networks', 'bundle', 'guest', 'provisioning'])(
    'an abort when the step "%s" begins leaves nothing',
    async (step) => {
      const controller = new AbortController();
      const onStep = (begun: LaunchStep): void => {
        if (begun === step) controller.abort(new Error('enough'));
      };
      const { error, remains } = await launchAndDispose(createBackend(place), {
        signal: controller.signal,
        onStep,
      });
      expect({ error, remains }).toMatchObject({ error: { message: 'enough' }, remains: [] });
    },
  );

  it('an abort while the bundle gets ready ends the wait at once', async () => {
    const controller = new AbortController();
    let startedAt = 0;
    const backend = createBackend(place, async (operation, call) => {
      const answer = await call();
      if (/container start .*bundle/.test(operation)) {
        startedAt = performance.now();
        setImmediate(() => controller.abort(new Error('enough')));
      }
      return answer;
    });
    const { error, remains } = await launchAndDispose(backend, { signal: controller.signal });
    expect({ error, remains }).toMatchObject({ error: { message: 'enough' }, remains: [] });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('a missing secret makes nothing at all', async () => {
    const steps: string[] = [];
    const { error, remains } = await launchAndDispose(createBackend(place), {
      onStep: (step) => steps.push(step),
      resolveSecret: () => Promise.reject(new Error('no such secret')),
    });
    expect({ error, steps, remains }).toMatchObject({
      error: { message: 'no such secret' },
      steps: [],
      remains: [],
    });
  });

  it('a bundle that dies says its last words, and leaves nothing', async () => {
    // An empty value is what init refuses.
    const { error, remains } = await launchAndDispose(createBackend(place), {
      resolveSecret: async () => '',
    });
    expect(error).toMatchObject({ code: 'bundle-failed', message: expect.stringContaining('secret-0') });
    expect(remains).toEqual([]);
  });

  it.each([
    [
      'a link where the state folder should be',
      async (path: string, target: string) => symlink(target, path),
    ],
    ['a folder where the state folder should be', async (path: string) => mkdir(path)],
  ])('is not led astray by %s', async (_what, plant) => {
    const own = stack.use(await createTestPlace('planted'));
    const outside = join(own.workspace, 'outside');
    const plan = await own.plan(idle);
    await mkdir(dirname(plan.stateDirectory), { recursive: true });
    await writeFile(outside, 'untouched');
    await plant(plan.stateDirectory, own.workspace);
    {
      await using launched = new AsyncDisposableStack();
      const launch = createBackend(own).launch(plan, createLaunchContext(launched));
      await expect(launch).rejects.toMatchObject({ code: 'bottle-already-up' });
    }
    expect(await readdir(own.workspace)).toEqual(['outside']);
    expect(await readFile(outside, 'utf8')).toBe('untouched');
  });

  describe('a guest network that is not sealed', () => {
    type Strike = (docker: Docker, name: string, plan: BottlePlan) => Promise<unknown>;
    const make =
      (changes: Partial<Docker.NetworkCreateOptions>): Strike =>
      async (docker, name, plan) => {
        await docker.getNetwork(name).remove();
        return await docker.createNetwork({
          Name: name,
          Internal: true,
          Options: { 'com.docker.network.bridge.inhibit_ipv4': 'true' },
          IPAM: { Config: [{ Subnet: plan.backend.guestNetwork.cidr }] },
          Labels: { 'dev.bottle.name': plan.name, 'dev.bottle.slug': plan.slug },
          ...changes,
        });
      };

    async function launchStruck(
      strike: Strike,
    ): Promise<{ readonly error: unknown; readonly operations: readonly string[] }> {
      const plan = await place.plan(idle);
      const operations: string[] = [];
      const backend = createBackend(place, async (operation, call) => {
        operations.push(operation);
        const answer = await call();
        if (operation === `network create ${plan.backend.guestNetwork.name}`) {
          await strike(new Docker(), plan.backend.guestNetwork.name, plan);
        }
        return answer;
      });
      await using own = new AsyncDisposableStack();
      const launched = backend.launch(plan, createLaunchContext(own));
      return {
        error: await launched.then(
          () => null,
          (error: unknown) => error,
        ),
        operations,
      };
    }

    it.each<[string, Strike, string | null]>([
      ['(the control: as it should be)', make({}), null],
      ['has a way out', make({ Internal: false }), 'not internal'],
      ['has the host as its gateway', make({ Options: {} }), 'not kept without an address'],
      ['has the host on it all the same', addHostAddress, 'the host has the address'],
    ])('is found, and the guest never starts, when it %s', async (_what, strike, words) => {
      const { error, operations } = await launchStruck(strike);
      if (words === null) expect(error).toBeNull();
      else expect(error).toMatchObject({ code: 'seal-broken', message: expect.stringContaining(words) });
      expect(operations.filter((operation) => /container start .*guest/.test(operation))).toEqual([]);
      expect(await findRemains(place)).toEqual([]);
    });

    /** What an engine does that takes the option and does not know it: only root can play it. */
    async function addHostAddress(docker: Docker, name: string, plan: BottlePlan): Promise<void> {
      const { Id } = await docker.getNetwork(name).inspect();
      const address = `${plan.backend.guestNetwork.gateway}/28`;
      execFileSync('ip', ['address', 'add', address, 'dev', `br-${Id.slice(0, 12)}`]);
    }
  });

  it('ends the guest before it touches its guards', async () => {
    const events: string[] = [];
    const backend = createBackend(place, async (operation, call) => {
      const [, verb, role] = /^container (kill|remove) .*-(guest|bundle)$/.exec(operation) ?? [];
      if (verb !== undefined) events.push(`${verb} ${role}`);
      const answer = await call();
      if (verb !== undefined) events.push(`${verb} ${role} done`);
      return answer;
    });
    for (const takeDown of ['stack', 'down'] as const) {
      events.length = 0;
      await using own = new AsyncDisposableStack();
      const bottle = await backend.launch(await place.plan(idle), createLaunchContext(own));
      await bottle.start();
      await (takeDown === 'down' ? bottle.down() : own.disposeAsync());
      expect(events.indexOf('kill guest done')).toBeGreaterThan(-1);
      expect(events.indexOf('remove bundle')).toBeGreaterThan(events.indexOf('kill guest done'));
      expect(events).not.toContain('kill bundle');
    }
  });

  describe('several at once', () => {
    it('of two launches of one name, one wins and the other is told', async () => {
      const own = stack.use(await createTestPlace('twice'));
      const plans = await Promise.all([own.plan(idle), own.plan(idle)]);
      await using stacks = new AsyncDisposableStack();
      const results = await Promise.allSettled(
        plans.map((plan) => {
          const one = stacks.use(new AsyncDisposableStack());
          return createBackend(own).launch(plan, createLaunchContext(one));
        }),
      );
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(failures).toMatchObject([
        { code: 'bottle-already-up', hint: expect.stringContaining('bottle attach') },
      ]);
      // A third is told too, now by what is up.
      await using third = new AsyncDisposableStack();
      const late = createBackend(own).launch(await own.plan(idle), createLaunchContext(third));
      await expect(late).rejects.toMatchObject({ code: 'bottle-already-up' });
      await third.disposeAsync();
      await stacks.disposeAsync();
      expect(await findRemains(own)).toEqual([]);
    });

    it('of two launches with one address range, one is told that it is taken', async () => {
      const [one, other] = [
        stack.use(await createTestPlace('range')),
        stack.use(await createTestPlace('range')),
      ];
      const plan = await one.plan(idle);
      const rival = await other.plan(idle);
      const same = {
        ...rival.backend,
        guestNetwork: { ...plan.backend.guestNetwork, name: rival.backend.guestNetwork.name },
      };
      await using stacks = new AsyncDisposableStack();
      await createBackend(one).launch(plan, createLaunchContext(stacks.use(new AsyncDisposableStack())));
      const second = stacks.use(new AsyncDisposableStack());
      const launched = createBackend(other).launch({ ...rival, backend: same }, createLaunchContext(second));
      await expect(launched).rejects.toMatchObject({ code: 'subnet-taken' });
      await second.disposeAsync();
      expect(await findRemains(other)).toEqual([]);
    });
  });

  describe('what a killed launcher leaves', () => {
    const script = fileURLToPath(new URL('../support/launcher.ts', import.meta.url));

    /** Runs a launch in a process of its own, which is killed outright when it has begun the step. */
    async function killLauncherAt(
      own: TestPlace,
      step: LaunchStep | 'up' | 'kept',
      manifest = {},
    ): Promise<void> {
      const plan = await own.plan(idle, manifest);
      const child = spawn(process.execPath, [script, JSON.stringify(plan)], {
        env: { PATH: process.env.PATH, XDG_STATE_HOME: `${own.stateHome}/..`, HOME: own.stateHome },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => child.once('close', resolve));
      for await (const line of createInterface({ input: child.stdout })) if (line === step) break;
      child.kill('SIGKILL');
      await ended;
    }

    async function collect(own: TestPlace): Promise<readonly Leftover[]> {
      const backend = createBackend(own);
      const mine = (await backend.findLeftovers()).filter(({ slug }) => slug.startsWith(own.name));
      for (const leftover of mine) await backend.removeLeftover(leftover);
      // Again: what is gone already counts as removed.
      for (const leftover of mine) await backend.removeLeftover(leftover);
      return mine;
    }

    it.each(['networks', 'bundle', 'provisioning', 'up'] as const)(
      'is found and removed: killed at "%s"',
      async (step) => {
        const own = stack.use(await createTestPlace('killed'));
        await killLauncherAt(own, step);
        // What was under way when the launcher died is finished by the engine all the same.
        await expect.poll(async () => (await findRemains(own)).length).toBeGreaterThan(0);
        let found: readonly Leftover[] = [];
        await expect
          .poll(
            async () => {
              found = [...found, ...(await collect(own))];
              return await findRemains(own);
            },
            { timeout: 20_000, interval: 300 },
          )
          .toEqual(
            expect.not.arrayContaining([expect.stringMatching(/^(container|network|volume|file instances)/)]),
          );
        expect(new Set(found.map(({ slug }) => slug)).size).toBe(1);
      },
    );

    it('is no leftover where the operator kept it', async () => {
      const own = stack.use(await createTestPlace('kept'));
      await killLauncherAt(own, 'kept');
      expect(await collect(own)).toEqual([]);
      const bottle = await createBackend(own).open(own.name);
      expect(await bottle.state()).toBe('running');
      expect((await createBackend(own).list()).find(({ slug }) => slug === bottle.slug)).toMatchObject({
        detached: true,
      });
      await bottle.down();
      expect(await findRemains(own)).toEqual([]);
    });

    it.each<[string, (own: TestPlace) => object, number]>([
      ['no gate', () => ({}), 1],
      ['a gate, a queue and a copied workspace', whole, 3],
    ])('is found where a teardown removed only a part, with %s', async (_what, manifest, volumes) => {
      const own = stack.use(await createTestPlace('partial'));
      await killLauncherAt(own, 'kept', manifest(own));
      await (await findContainerOf(own.name, 'guest')).remove({ force: true });
      expect((await collect(own)).map(({ kind }) => kind)).toEqual([
        'container',
        'network',
        'network',
        ...Array.from({ length: volumes }, () => 'volume'),
        'state',
      ]);
      expect(await findRemains(own)).toEqual([]);
    });

    it("does not stand in the way of the next launch's claim", async () => {
      const own = stack.use(await createTestPlace('claim'));
      await killLauncherAt(own, 'state');
      await collect(own);
      await using next = new AsyncDisposableStack();
      const bottle = await createBackend(own).launch(await own.plan(['true']), createLaunchContext(next));
      const result = await runToEnd(async (streams) => {
        const session = await bottle.attach(streams, { replay: false });
        await bottle.start();
        return session;
      });
      expect(result.end).toEqual({ kind: 'exited', status: 0 });
    });
  });
});
