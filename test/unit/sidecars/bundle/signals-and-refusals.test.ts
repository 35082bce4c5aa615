import { describe, expect, it } from 'vitest';
import { notRoot, startBundle, type TestBundle } from './start-bundle.ts';

const egress = { name: 'egress', behaviours: ['says-hang-up'] } as const;
const pipelock = { name: 'pipelock', behaviours: ['with-ca', 'says-hang-up'] } as const;
const supervise = { name: 'supervise', behaviours: ['hears', 'says-hang-up'] } as const;

function countOf(bundle: TestBundle, fields: Readonly<Record<string, unknown>>): number {
  return bundle.events.filter((entry) => Object.entries(fields).every(([key, value]) => entry[key] === value))
    .length;
}

/** What a daemon that hears refusals has heard. */
function heardBy(bundle: TestBundle, daemon: string): unknown[] {
  return bundle.events
    .filter((entry) => entry.event === 'heard' && entry.daemon === daemon)
    .map(({ line }) => JSON.parse(String(line)));
}

describe.skipIf(notRoot)(`init and SIGHUP${notRoot ? ` (skipped: ${notRoot})` : ''}`, () => {
  it('passes it to every daemon, each time, and lives on', async () => {
    await using bundle = startBundle([egress, pipelock, supervise]);
    await bundle.event({ event: 'bundle-ready' });
    for (const times of [1, 2, 3]) {
      bundle.child.kill('SIGHUP');
      for (const daemon of ['egress', 'pipelock', 'supervise'])
        await bundle.until(() => countOf(bundle, { event: 'hung-up', daemon }) === times);
    }
    bundle.child.kill('SIGTERM');
    expect(await bundle.exit).toBe(0);
  });

  it.each([
    ['keeps it back from a daemon until that is ready', true],
    ['gives it to a daemon that has no use for it, too: the control', false],
  ])('%s', async (_name, hasHandler) => {
    const behaviours = hasHandler ? ['with-ca', 'says-hang-up'] : ['with-ca'];
    await using bundle = startBundle([egress, { name: 'pipelock', behaviours }], { secretsLine: null });
    await bundle.catchesHangUps();
    bundle.child.kill('SIGHUP');
    bundle.child.stdin.write('{"secrets":{"secret-0":"the-planted-secret"}}\n');
    if (hasHandler) {
      for (const daemon of ['egress', 'pipelock']) await bundle.event({ event: 'hung-up', daemon });
      await bundle.event({ event: 'bundle-ready' });
    } else {
      expect(await bundle.exit).toBe(129);
      expect(await bundle.event({ event: 'bundle-failed' })).toMatchObject({ failed: 'pipelock' });
    }
  });
});

describe.skipIf(notRoot)('init and refusals', () => {
  it('passes a refusal on, with the name of who said it and nothing but its own fields', async () => {
    await using bundle = startBundle([
      egress,
      { name: 'pipelock', behaviours: ['with-ca', 'refuses=1'] },
      { name: 'supervise', behaviours: ['hears', 'refuses=1'] },
    ]);
    await bundle.until(() => heardBy(bundle, 'supervise').length > 0);
    expect(heardBy(bundle, 'supervise')).toEqual([
      {
        daemon: 'pipelock',
        event: 'blocked',
        time: '2026-01-01T00:00:00.000Z',
        reason: 'number 0',
        layer: 'allowlist',
        hint: 'ask',
      },
    ]);
    // The whole line stays in the log, the daemon's own among them.
    expect(await bundle.event({ event: 'blocked', daemon: 'pipelock' })).toMatchObject({
      client_ip: '10.0.0.1',
    });
    await bundle.event({ event: 'blocked', daemon: 'supervise' });
    expect(heardBy(bundle, 'supervise')).toHaveLength(1);
  });

  it('passes on neither what is no refusal nor more of a text than its bound', async () => {
    await using bundle = startBundle([
      { name: 'egress', behaviours: ['refuses-oddly'] },
      { name: 'pipelock', behaviours: ['with-ca'] },
      supervise,
    ]);
    await bundle.until(() => heardBy(bundle, 'supervise').length > 0);
    await bundle.event({ event: 'bundle-ready' });
    const heard = heardBy(bundle, 'supervise');
    expect(heard).toMatchObject([{ reason: 'long', hint: 'x'.repeat(1024) }]);
    expect(JSON.stringify(heard).length).toBeLessThan(4096);
  });

  it('closes the input of a daemon that hears none', async () => {
    await using bundle = startBundle([
      { name: 'egress', behaviours: ['hears'] },
      { name: 'pipelock', behaviours: ['with-ca', 'refuses=3'] },
      supervise,
    ]);
    await bundle.event({ event: 'input-ended', daemon: 'egress' });
    await bundle.until(() => heardBy(bundle, 'supervise').length === 3);
    expect(heardBy(bundle, 'egress')).toEqual([]);
    expect(countOf(bundle, { event: 'input-ended', daemon: 'supervise' })).toBe(0);
  });

  it('drops and counts what a listener does not read, and holds nobody up for it', async () => {
    await using bundle = startBundle([
      { name: 'egress', behaviours: ['refuses=4000', 'says-hang-up'] },
      pipelock,
      { name: 'supervise', behaviours: ['hears', 'deaf-until-hang-up'] },
    ]);
    await bundle.event({ event: 'bundle-ready' });
    await bundle.until(() => countOf(bundle, { event: 'blocked', daemon: 'egress' }) === 4000);
    bundle.child.kill('SIGHUP');
    const dropped = (): number =>
      bundle.events
        .filter(({ event, daemon }) => event === 'refusals-dropped' && daemon === 'init')
        .reduce((sum, { count }) => sum + Number(count), 0);
    const heard = { event: 'heard', daemon: 'supervise' };
    await bundle.until(() => countOf(bundle, heard) + dropped() === 4000);
    expect(dropped()).toBeGreaterThan(0);
  });
});
