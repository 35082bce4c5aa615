import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backend, BuildImagesOptions, BuiltImage } from '../../src/backends/backend.ts';
import { loadBackends } from '../../src/backends/registry.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import { builtImages } from '../support/built-images.ts';
import { createTestPlace, type TestPlace, whyNoEngine } from '../support/engine.ts';

const reason = await whyNoEngine();
const backends = (await loadBackends()).map((backend) => [backend.kind, backend] as const);
const engine = new Docker();

describe.each(backends)('images on %s', (_kind, backend: Backend) => {
  const stack = new AsyncDisposableStack();
  let place: TestPlace;
  let context: string;
  const output: string[] = [];

  beforeEach((task) => task.skip(reason !== null, reason ?? ''));
  beforeAll(async () => {
    if (reason !== null) return;
    place = stack.use(await createTestPlace('images'));
    context = join(place.stateHome, 'context');
    await mkdir(join(context, 'left-out'), { recursive: true });
    await writeFile(join(context, 'left-out/file'), '');
    await writeFile(join(context, 'taken'), 'taken along');
    await writeFile(join(context, '.dockerignore'), 'left-out\n');
  });
  afterAll(() => stack.disposeAsync());

  function build(
    plan: BottlePlan,
    changes: Partial<BuildImagesOptions> = {},
  ): Promise<readonly BuiltImage[]> {
    output.length = 0;
    return backend.buildImages(plan, {
      signal: new AbortController().signal,
      onOutput: (line) => output.push(line),
      extraCaFiles: [],
      dockerfile: null,
      force: false,
      ...changes,
    });
  }

  async function planDockerfile(
    ...lines: readonly string[]
  ): Promise<{ plan: BottlePlan; dockerfile: string }> {
    const dockerfile = join(context, 'Dockerfile');
    // A line of its own in each, so that no build is taken from a cache.
    const text = [
      `FROM ${builtImages.agents.shell}`,
      `RUN echo ${randomBytes(4).toString('hex')}`,
      ...lines,
      '',
    ];
    await writeFile(dockerfile, text.join('\n'));
    const plan = await place.plan(['true'], { image: { dockerfile } });
    const { image } = plan.guest;
    stack.defer(
      async () =>
        void (await engine
          .getImage(image)
          .remove({ force: true })
          .catch(() => undefined)),
    );
    return { plan, dockerfile };
  }

  it('does nothing where all are there', async () => {
    expect(await build(await place.plan(['true'], { agent: 'shell' }))).toEqual([
      { kind: 'bundle', reference: builtImages.bundle, outcome: 'present' },
      { kind: 'guest', reference: builtImages.agents.shell, outcome: 'present' },
    ]);
    expect(output).toEqual([]);
  });

  it('builds an own Dockerfile from its folder, without what is to be ignored, and only once', async () => {
    const { plan, dockerfile } = await planDockerfile(
      'COPY . /context',
      'RUN find /context -type f | sort; cat /context/taken',
    );
    const images = await build(plan, { dockerfile });
    expect(images.at(-1)).toEqual({ kind: 'guest', reference: plan.guest.image, outcome: 'built' });
    const text = output.join('\n');
    expect(text).toContain('/context/Dockerfile');
    expect(text).toContain('taken along');
    expect(text).not.toContain('left-out');
    expect((await build(plan, { dockerfile })).at(-1)).toMatchObject({ outcome: 'present' });
  });

  it('says which build failed', async () => {
    const { plan, dockerfile } = await planDockerfile('RUN echo its own words && false');
    await expect(build(plan, { dockerfile })).rejects.toMatchObject({
      code: 'image-build-failed',
      message: expect.stringContaining(plan.guest.image),
    });
    expect(output.join('\n')).toContain('its own words');
  });

  it.each([
    ['it has no sense', 'NONSENSE'],
    ['it copies what is not there', 'COPY absent /'],
  ])('says that a Dockerfile is no good: %s', async (_what, line) => {
    const { plan, dockerfile } = await planDockerfile(line);
    await expect(build(plan, { dockerfile })).rejects.toMatchObject({ code: 'image-build-failed' });
  });

  it('ends a build when the signal aborts', async () => {
    const { plan, dockerfile } = await planDockerfile('RUN echo begun && sleep 300');
    const controller = new AbortController();
    const onOutput = (line: string): void => {
      if (line === 'begun') controller.abort(new Error('enough'));
    };
    await expect(build(plan, { dockerfile, onOutput, signal: controller.signal })).rejects.toThrow('enough');
  });

  it('says that an image cannot be pulled', async () => {
    const plan = await place.plan(['true'], { image: 'registry.invalid/no/such:1' });
    await expect(build(plan)).rejects.toMatchObject({ code: 'image-missing' });
  });

  it('says which file of authorities cannot be read', async () => {
    const plan = await place.plan(['true'], { agent: 'shell' });
    await expect(build(plan, { force: true, extraCaFiles: ['/no/such.pem'] })).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('/no/such.pem'),
    });
  });

  it('finds itself in order', async () => {
    const capabilities = await backend.diagnose();
    expect(capabilities.filter(({ status, required }) => required && status !== 'present')).toEqual([]);
    for (const { status, remedy } of capabilities) expect(remedy === '').toBe(status === 'present');
  });
});
