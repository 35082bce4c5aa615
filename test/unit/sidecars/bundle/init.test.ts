import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { notRoot, startBundle } from './start-bundle.ts';

const healthy = [
  { name: 'egress', behaviours: [] },
  { name: 'pipelock', behaviours: ['with-ca'] },
] as const;

describe.skipIf(notRoot)(`init${notRoot ? ` (skipped: ${notRoot})` : ''}`, () => {
  it('reports each daemon, then the bundle with the authority', async () => {
    await using bundle = startBundle(healthy);
    expect(await bundle.event({ event: 'bundle-ready' })).toMatchObject({
      daemon: 'init',
      caCertificate: 'PEM of the authority',
    });
    const ready = bundle.events.filter((entry) => entry.event === 'daemon-ready');
    expect(ready.map((entry) => entry.ready).sort()).toEqual(['egress', 'pipelock']);
    expect(bundle.events.at(-1)).toMatchObject({ event: 'bundle-ready' });
  });

  it('gives each daemon its own ids, no groups, a bare environment, a private folder and one line', async () => {
    await using bundle = startBundle([
      { name: 'egress', behaviours: ['run=RUN/egress'] },
      { name: 'pipelock', behaviours: ['run=RUN/pipelock', 'with-ca'] },
    ]);
    await bundle.event({ event: 'bundle-ready' });
    const common = { cwd: '/', environment: ['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_', 'PATH'] };
    expect(await bundle.event({ event: 'self', daemon: 'egress' })).toMatchObject({
      ...common,
      uid: 2001,
      gid: 2001,
      groups: [2001],
      folder: { mode: '700', uid: 2001, gid: 2001 },
      line: { values: { 'secret-0': 'the-planted-secret' }, fingerprints: [] },
    });
    const pipelock = await bundle.event({ event: 'self', daemon: 'pipelock' });
    expect(pipelock).toMatchObject({
      ...common,
      uid: 2002,
      gid: 2002,
      groups: [2002],
      folder: { mode: '700', uid: 2002, gid: 2002 },
    });
    expect(statSync(bundle.runDirectory).mode & 0o7777).toBe(0o755);
    expect(JSON.stringify(pipelock)).not.toContain('the-planted-secret');
    expect(pipelock).toHaveProperty('line.fingerprints[0].label', 'API_KEY');
  });

  it('does not mind its standard input closing later', async () => {
    await using bundle = startBundle(healthy);
    await bundle.event({ event: 'bundle-ready' });
    bundle.child.stdin.end();
    bundle.child.kill('SIGTERM');
    expect(await bundle.exit).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s reaches every daemon and ends with 0', async (signal) => {
    await using bundle = startBundle(healthy);
    await bundle.event({ event: 'bundle-ready' });
    bundle.child.kill(signal);
    expect(await bundle.exit).toBe(0);
    for (const daemon of ['egress', 'pipelock']) {
      expect(bundle.events).toContainEqual(expect.objectContaining({ event: 'terminated', daemon }));
    }
  });

  it('kills a daemon that ignores SIGTERM after the grace', async () => {
    await using bundle = startBundle([{ name: 'egress', behaviours: ['ignore-term'] }, healthy[1]]);
    await bundle.event({ event: 'bundle-ready' });
    bundle.child.kill('SIGTERM');
    expect(await bundle.exit).toBe(0);
    await bundle.event({ event: 'term-ignored', daemon: 'egress' });
    expect(await bundle.event({ event: 'daemon-killed' })).toMatchObject({
      message: expect.stringContaining('egress'),
    });
    expect(bundle.text()).not.toContain('pipelock did not end');
  });

  it.each([
    ['a status', ['exit=7'], 7],
    ['status 0, unasked', ['exit=0'], 70],
    ['a signal', ['signal=SIGKILL'], 137],
    ['death before it read its line', ['die-before-reading'], 9],
  ])('the first daemon to end takes the bundle with it: %s', async (_name, behaviours, status) => {
    await using bundle = startBundle([{ name: 'egress', behaviours }, healthy[1]]);
    expect(await bundle.exit).toBe(status);
    expect(await bundle.event({ event: 'bundle-failed' })).toMatchObject({
      daemon: 'init',
      failed: 'egress',
    });
  });

  it('a daemon that cannot be started fails the bundle', async () => {
    await using bundle = startBundle([
      { name: 'egress', behaviours: [], overrides: { argv: ['/nowhere/program'] } },
      healthy[1],
    ]);
    expect(await bundle.exit).toBe(127);
    expect(await bundle.event({ event: 'bundle-failed' })).toMatchObject({ failed: 'egress' });
  });

  it('names the daemon that is late', async () => {
    await using bundle = startBundle([healthy[0], { name: 'pipelock', behaviours: ['never-ready'] }], {
      overrides: { readyTimeoutMs: 700 },
    });
    expect(await bundle.exit).toBe(1);
    const failed = await bundle.event({ event: 'bundle-failed' });
    expect(failed).toMatchObject({ failed: 'pipelock', message: expect.stringContaining('700 ms') });
    expect(failed.message).not.toContain('egress');
  });

  it.each([
    ['never comes', null, 'did not come within'],
    ['is no JSON', 'the-planted-secret\n', 'not JSON'],
    ['has an unknown key', '{"secrets":{"secret-0":"the-planted-secret"},"more":1}\n', 'one key'],
    ['lacks a secret', '{"secrets":{}}\n', 'lacks secret-0'],
    ['has an empty secret', '{"secrets":{"secret-0":""}}\n', 'secret-0 is not a string'],
    [
      'has a secret too many',
      '{"secrets":{"secret-0":"the-planted-secret","secret-1":"x"}}\n',
      'no daemon asked for',
    ],
    ['is too long', `${'x'.repeat(5 * 1024 * 1024)}\n`, 'longer than'],
  ])('no daemon starts when the secrets line %s', async (_name, secretsLine, message) => {
    await using bundle = startBundle(healthy, { secretsLine, overrides: { readyTimeoutMs: 1500 } });
    expect(await bundle.exit).toBe(1);
    expect(await bundle.event({ event: 'bundle-failed' })).toMatchObject({
      failed: 'init',
      message: expect.stringContaining(message),
    });
    expect(bundle.text()).not.toContain('the-planted-secret');
    expect(bundle.events.filter((entry) => entry.daemon !== 'init')).toEqual([]);
  });

  it('no daemon speaks for init or for another', async () => {
    await using bundle = startBundle([{ name: 'egress', behaviours: ['spoof', 'ready-twice'] }, healthy[1]]);
    await bundle.event({ event: 'bundle-ready', daemon: 'init' });
    expect(await bundle.event({ event: 'bundle-ready', daemon: 'egress' })).toMatchObject({
      caCertificate: 'forged',
    });
    expect(await bundle.event({ event: 'forged' })).toEqual({ daemon: 'egress', event: 'forged', kept: 1 });
    await bundle.event({ event: 'output', daemon: 'egress' });
  });

  it('wraps what is not a JSON object and cuts what is too long', async () => {
    await using bundle = startBundle([{ name: 'egress', behaviours: ['noise'] }, healthy[1]]);
    await bundle.event({ event: 'bundle-ready' });
    const own = bundle.events.filter((entry) => entry.daemon === 'egress');
    expect(own).toContainEqual(expect.objectContaining({ level: 'warn', message: 'plain words' }));
    expect(own).toContainEqual(expect.objectContaining({ level: 'warn', message: '[1,2]' }));
    expect(own).toContainEqual({ daemon: 'egress' });
    expect(own).toContainEqual(
      expect.objectContaining({ event: 'stderr', level: 'error', message: 'trouble' }),
    );
    expect(own).toContainEqual(expect.objectContaining({ event: 'output', cut: true }));
    expect(own).toContainEqual({ daemon: 'egress', event: 'after-huge' });
    expect(Math.max(...own.map((entry) => String(entry.message ?? '').length))).toBe(64 * 1024);
  });

  it('holds a daemon back while nobody reads the output, and loses nothing', async () => {
    await using bundle = startBundle([{ name: 'egress', behaviours: ['flood'] }, healthy[1]]);
    bundle.child.stdout.pause();
    // Full on our side, so that the pipe fills up and init has to hold the daemon back.
    while (bundle.child.stdout.readableLength < bundle.child.stdout.readableHighWaterMark)
      await setImmediate();
    bundle.child.stdout.resume();
    await bundle.event({ event: 'bundle-ready' });
    const floods = bundle.events.filter((entry) => entry.event === 'flood');
    expect(floods.map((entry) => entry.index)).toEqual(Array.from({ length: 50_000 }, (_, index) => index));
  });
});
