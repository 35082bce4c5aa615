import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../../src/sidecars/daemon/log.ts';
import { reportReady } from '../../../../src/sidecars/daemon/ready.ts';

describe('log', () => {
  it('is a JSON object a line, with a time, and no string without end', () => {
    const stdout = new PassThrough();
    createLog(stdout).write({ level: 'warn', event: 'blocked', message: 'a\nb', url: 'x'.repeat(100_000) });
    const text = String(stdout.read());
    expect(text.split('\n')).toHaveLength(2);
    const entry = JSON.parse(text);
    expect(entry).toMatchObject({ level: 'warn', event: 'blocked', message: 'a\nb' });
    expect(new Date(entry.time).toISOString()).toBe(entry.time);
    expect(entry.url.length).toBeLessThan(3000);
  });

  it('lets lines of info wait for company, in their order, and never a warning', async () => {
    const stdout = new PassThrough();
    const log = createLog(stdout);
    const eventsIn = (text: unknown) => String(text).match(/(?<="event":")[a-z]+/g);
    log.write({ level: 'info', event: 'first', message: '' });
    expect(stdout.read()).toBeNull();
    log.write({ level: 'warn', event: 'second', message: '' });
    expect(eventsIn(stdout.read())).toEqual(['first', 'second']);
    log.write({ level: 'info', event: 'third', message: '' });
    await once(stdout, 'readable');
    expect(eventsIn(stdout.read())).toEqual(['third']);
    log.write({ level: 'info', event: 'fourth', message: '' });
    log.flush();
    expect(eventsIn(stdout.read())).toEqual(['fourth']);
  });

  it('keeps no more than it has room for, says how much it left out, and tells what somebody waits for', async () => {
    const stdout = new PassThrough();
    const log = createLog(stdout);
    const flood = 2_000;
    const refusal = { level: 'warn', event: 'blocked', message: '', url: 'x'.repeat(1_000) } as const;
    for (let count = 0; count < flood; count += 1) log.write(refusal);
    expect(stdout.writableLength).toBeLessThan(300 * 1024);
    log.tell({ level: 'info', event: 'reloaded', message: '' });

    let text = '';
    stdout.on('data', (chunk) => {
      text += chunk;
    });
    await once(stdout, 'drain');
    log.write({ level: 'warn', event: 'after', message: '' });
    stdout.end();
    await once(stdout, 'end');
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const written = entries.filter(({ event }) => event === 'blocked').length;
    expect(written).toBeGreaterThan(100);
    expect(entries.slice(written)).toMatchObject([
      { event: 'reloaded' },
      { event: 'lines-left-out', level: 'warn', lines: flood - written },
      { event: 'after' },
    ]);
  });

  it('leaves readiness to a line of its own', () => {
    const stdout = new PassThrough();
    reportReady(stdout, { caCertificate: 'PEM' });
    expect(JSON.parse(String(stdout.read()))).toEqual({ event: 'ready', caCertificate: 'PEM' });
  });
});
