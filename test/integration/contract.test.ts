import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend, ExecRequest, RunningBottle } from '../../src/backends/backend.ts';
import { loadBackends } from '../../src/backends/registry.ts';
import {
  collectStreams,
  createLaunchContext,
  createTestPlace,
  findContainerOf,
  findRemains,
  runToEnd,
  type TestPlace,
  whyNoEngine,
} from '../support/engine.ts';

const reason = await whyNoEngine();
const backends = (await loadBackends()).map((backend) => [backend.kind, backend] as const);

/** Waits for its input's end and repeats it: the guest lives as long as the test wants. */
const repeat = ['sh', '-c', 'echo ready; cat; echo over >&2; exit 7'];

function toRequest(argv: readonly string[], changes: Partial<ExecRequest> = {}): ExecRequest {
  return { argv, tty: false, env: {}, workdir: null, user: 'guest', ...changes };
}

describe.each(backends)('the contract on %s', (_kind, backend: Backend) => {
  const stack = new AsyncDisposableStack();
  const openPlace = async (label: string): Promise<TestPlace> => stack.use(await createTestPlace(label));

  /** A bottle that runs {@link repeat}, with its input open. */
  async function up(place: TestPlace, argv: readonly string[] = repeat) {
    const own = stack.use(new AsyncDisposableStack());
    const bottle = await backend.launch(await place.plan(argv), createLaunchContext(own));
    const streams = collectStreams();
    const session = await bottle.attach(streams, { replay: false });
    await bottle.start();
    return { bottle, session, streams, stack: own };
  }

  beforeEach((context) => context.skip(reason !== null, reason ?? ''));
  afterAll(() => stack.disposeAsync());

  describe('one bottle', () => {
    let place: TestPlace;
    let bottle: RunningBottle;
    beforeAll(async () => {
      if (reason !== null) return;
      place = await openPlace('contract');
      ({ bottle } = await up(place));
    });

    it('runs further commands, with streams apart and the status passed on', async () => {
      const script = 'echo out; echo err >&2; exit 3';
      const result = await runToEnd((streams) => bottle.exec(toRequest(['sh', '-c', script]), streams));
      expect(result).toMatchObject({ end: { kind: 'exited', status: 3 }, stderr: 'err\n' });
      expect(result.stdout.toString()).toBe('out\n');
    });

    it('gives a command the environment, folder and user that are asked for', async () => {
      const script = 'echo "$WORD $(pwd) $(id -u)"';
      const request = toRequest(['sh', '-c', script], { env: { WORD: 'hi' }, workdir: '/tmp', user: 'root' });
      const result = await runToEnd((streams) => bottle.exec(request, streams));
      expect(result.stdout.toString()).toBe('hi /tmp 0\n');
    });

    it('says as Docker does that there is no such program', async () => {
      const result = await runToEnd((streams) => bottle.exec(toRequest(['/no/such/program']), streams));
      expect(result.end).toMatchObject({ status: expect.toSatisfy((status) => [126, 127].includes(status)) });
    });

    it('passes input and output on byte for byte', async () => {
      const bytes = randomBytes(5 * 1024 * 1024 + 17);
      const result = await runToEnd((streams) => bottle.exec(toRequest(['cat']), streams), bytes);
      expect(result.end).toEqual({ kind: 'exited', status: 0 });
      expect(toDigest(result.stdout)).toBe(toDigest(bytes));
    });

    it('refuses writes after the input was closed, while the output goes on', async () => {
      const streams = collectStreams();
      const session = await bottle.exec(toRequest(['sh', '-c', 'cat; echo after']), streams);
      streams.stdin.end('last words\n');
      const failure = new Promise((resolve) => streams.stdin.once('error', resolve));
      streams.stdin.write('too late\n');
      expect(await failure).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
      expect(await session.exit).toEqual({ kind: 'exited', status: 0 });
      expect(streams.printed('stdout').toString()).toBe('last words\nafter\n');
    });

    it('signals a command, and only that one', async () => {
      const script = 'trap "echo caught; exit 42" TERM; echo armed; while :; do sleep 0.05; done';
      const [one, other] = [collectStreams(), collectStreams()];
      const session = await bottle.exec(toRequest(['sh', '-c', script]), one);
      const spared = await bottle.exec(toRequest(['sh', '-c', script]), other);
      await Promise.all([one.until('armed'), other.until('armed')]);
      await session.signal('TERM');
      expect(await session.exit).toEqual({ kind: 'exited', status: 42 });
      expect(one.printed('stdout').toString()).toBe('armed\ncaught\n');
      expect(other.printed('stdout').toString()).toBe('armed\n');
      await spared.signal('KILL');
      expect(await spared.exit).toEqual({ kind: 'exited', status: 137 });
    });

    it('gives a terminal, and tells it its size', async () => {
      const streams = collectStreams();
      const script = 'test -t 0 && echo armed; read line; stty size';
      const session = await bottle.exec(toRequest(['sh', '-c', script], { tty: true }), streams);
      await streams.until('armed');
      await session.resize({ columns: 101, rows: 43 });
      streams.stdin.write('go\r');
      await streams.until('43 101');
      expect(await session.exit).toEqual({ kind: 'exited', status: 0 });
    });

    it('leaves a command running when its session is left', async () => {
      const streams = collectStreams();
      const session = await bottle.exec(
        toRequest(['sh', '-c', 'echo armed; sleep 1; touch /tmp/went-on']),
        streams,
      );
      await streams.until('armed');
      session.detach();
      expect(await session.exit).toEqual({ kind: 'detached' });
      const script = 'until [ -e /tmp/went-on ]; do sleep 0.05; done';
      const result = await runToEnd((more) => bottle.exec(toRequest(['sh', '-c', script]), more));
      expect(result.end).toMatchObject({ status: 0 });
    });

    it("takes an archive in as the guest's user's, and gives it out again", async () => {
      const make = 'mkdir -p ~/in && cd ~/in && echo content > file && ln -s file link';
      await runToEnd((streams) => bottle.exec(toRequest(['sh', '-c', make]), streams));
      const archive = await bottle.readArchive('/home/agent/in');
      await bottle.writeArchive('/workspace', archive);
      const look = 'cat in/link; stat -c %u in in/file; id -u';
      const result = await runToEnd((streams) => bottle.exec(toRequest(['sh', '-c', look]), streams));
      const [content, ...ids] = result.stdout.toString().trim().split('\n');
      expect(content).toBe('content');
      expect(new Set(ids).size).toBe(1);
    });

    it.each([
      ['a path that is not there', () => bottle.readArchive('/no/such/path')],
      [
        'a target that is read-only',
        async () => bottle.writeArchive('/usr', await bottle.readArchive('/workspace')),
      ],
    ])('refuses to copy: %s', async (_what, copy) => {
      await expect(copy()).rejects.toMatchObject({ code: 'usage-invalid' });
    });

    it('can be found, watched and used by another process', async () => {
      const found = await backend.open(place.name);
      expect(found).toMatchObject({ name: bottle.name, slug: bottle.slug, tty: false });
      expect(await found.state()).toBe('running');
      const streams = collectStreams();
      const session = await found.attach({ ...streams, stdin: null }, { replay: true });
      await streams.until('ready');
      session.detach();
      const summaries = await backend.list();
      expect(summaries.find(({ slug }) => slug === bottle.slug)).toMatchObject({
        state: 'running',
        detached: false,
      });
    });

    it('keeps logs of the guest and of each daemon', async () => {
      expect(await readLog(bottle, { kind: 'guest' })).toContain('ready');
      const all = await readLog(bottle, { kind: 'bundle', daemon: null });
      const one = await readLog(bottle, { kind: 'bundle', daemon: 'init' });
      expect(all).toContain('bundle-ready');
      expect(one).toContain('bundle-ready');
      expect(one.split('\n').filter((line) => line !== '' && JSON.parse(line).daemon !== 'init')).toEqual([]);
      expect(all.length).toBeGreaterThan(one.length);
    });

    it('stops and goes on, and refuses to talk to a guest that is stopped', async () => {
      await bottle.pause();
      expect(await bottle.state()).toBe('paused');
      const streams = collectStreams();
      const refusals = [
        () => bottle.exec(toRequest(['true']), streams),
        () => bottle.attach(streams, { replay: false }),
        () => bottle.readArchive('/workspace'),
        () => bottle.pause(),
      ];
      for (const refused of refusals)
        await expect(refused()).rejects.toMatchObject({ code: 'bottle-paused' });
      await bottle.resume();
      await bottle.resume();
      expect(await bottle.state()).toBe('running');
      const result = await runToEnd((more) => bottle.exec(toRequest(['echo', 'back']), more));
      expect(result.stdout.toString()).toBe('back\n');
    });
  });

  it('ends with the status of the first process, and says so afterwards too', async () => {
    const place = await openPlace('ends');
    const { bottle, session, streams } = await up(place);
    const waiting = bottle.wait();
    await streams.until('ready');
    streams.stdin.end('some input\n');
    expect(await session.exit).toEqual({ kind: 'exited', status: 7 });
    expect(streams.printed('stdout').toString()).toBe('ready\nsome input\n');
    expect(streams.printed('stderr').toString()).toBe('over\n');
    expect(await waiting).toBe(7);
    expect(await bottle.wait()).toBe(7);
    expect(await bottle.state()).toBe('ended');
    await expect(bottle.exec(toRequest(['true']), collectStreams())).rejects.toMatchObject({
      code: 'bottle-not-running',
    });
    await expect(bottle.attach(collectStreams(), { replay: false })).rejects.toMatchObject({
      code: 'bottle-not-running',
    });
  });

  it('removes everything when it is taken down by another process, and again without complaint', async () => {
    const place = await openPlace('down');
    const { bottle } = await up(place);
    expect((await findRemains(place)).length).toBeGreaterThan(4);
    const found = await backend.open(place.name);
    await found.down();
    expect(await findRemains(place)).toEqual([]);
    await found.down();
    await bottle.down();
  });

  it('says the same of a bottle that is not there, whatever is asked', async () => {
    const place = await openPlace('missing');
    await expect(backend.open(place.name)).rejects.toMatchObject({ code: 'bottle-not-up' });
    const { bottle, stack: own } = await up(place);
    await own.disposeAsync();
    const asked = [
      () => bottle.state(),
      () => bottle.exec(toRequest(['true']), collectStreams()),
      () => bottle.attach(collectStreams(), { replay: false }),
      () => bottle.wait(),
      () => bottle.pause(),
      () => bottle.resume(),
      () => bottle.readArchive('/workspace'),
      () => readLog(bottle, { kind: 'guest' }),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'bottle-not-up' });
    await bottle.down();
  });

  it.each([
    ['the bundle dies', async (name: string) => (await findContainerOf(name, 'bundle')).kill()],
    [
      'the guest is removed',
      async (name: string) => (await findContainerOf(name, 'guest')).remove({ force: true }),
    ],
  ])('is called drifted when %s', async (_what, strike) => {
    const place = await openPlace('drift');
    const { bottle, stack: own } = await up(place);
    expect(await bottle.state()).toBe('running');
    await strike(place.name);
    expect(await bottle.state()).toBe('drifted');
    expect((await backend.list()).find(({ slug }) => slug === bottle.slug)).toMatchObject({
      state: 'drifted',
    });
    await own.disposeAsync();
    expect(await findRemains(place)).toEqual([]);
  });

  it('leaves nothing of a bottle whose guest cannot be made', async () => {
    const place = await openPlace('unmade');
    await using own = new AsyncDisposableStack();
    const plan = await place.plan(repeat, { image: 'bottle-test/no-such-image:1' });
    await expect(backend.launch(plan, createLaunchContext(own))).rejects.toMatchObject({
      code: 'image-missing',
    });
    await own.disposeAsync();
    expect(await findRemains(place)).toEqual([]);
  });
});

async function readLog(bottle: RunningBottle, source: Parameters<RunningBottle['logs']>[0]): Promise<string> {
  return await text(bottle.logs(source, { follow: false }));
}

function toDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
