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

  it('leaves readiness to a line of its own', () => {
    const stdout = new PassThrough();
    reportReady(stdout, { caCertificate: 'PEM' });
    expect(JSON.parse(String(stdout.read()))).toEqual({ event: 'ready', caCertificate: 'PEM' });
  });
});
