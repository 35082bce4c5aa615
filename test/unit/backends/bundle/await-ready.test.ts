import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { awaitReady } from '../../../../src/backends/bundle/await-ready.ts';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { toFrame } from './to-frame.ts';

const { caPem } = createTestAuthority();

describe('awaitReady', () => {
  const ready = JSON.stringify({ daemon: 'init', event: 'bundle-ready', caCertificate: caPem });
  const started = JSON.stringify({ daemon: 'init', event: 'daemon-ready', message: 'egress is ready' });

  function open(
    lines: readonly string[],
    options: { timeoutMs?: number; signal?: AbortSignal; end?: boolean } = {},
  ) {
    const stream = new PassThrough();
    for (const line of lines) stream.write(toFrame(`${line}\n`));
    if (options.end) stream.end();
    return awaitReady(stream, {
      timeoutMs: options.timeoutMs ?? 5000,
      signal: options.signal ?? new AbortController().signal,
    });
  }

  it('returns the authority once init says that all is ready', async () => {
    expect(await open([started, 'not json', ready])).toBe(caPem);
  });

  it.each([
    [
      'another daemon says so',
      [JSON.stringify({ daemon: 'pipelock', event: 'bundle-ready', caCertificate: caPem })],
    ],
    ['nobody says who says so', [JSON.stringify({ event: 'bundle-ready', caCertificate: caPem })]],
  ])('is not ready when %s', async (_what, lines) => {
    await expect(open(lines, { end: true })).rejects.toMatchObject({ code: 'bundle-failed' });
  });

  it.each([
    ['none', undefined],
    ['what is no certificate', 'PEM'],
    ["a certificate that is no authority's", createTestAuthority().issue(['x.test']).cert],
  ])('refuses a bundle that is ready with %s', async (_what, caCertificate) => {
    const line = JSON.stringify({ daemon: 'init', event: 'bundle-ready', caCertificate });
    await expect(open([line])).rejects.toThrow('without a certificate authority');
  });

  it('fails with the last words of a bundle that dies', async () => {
    const words = Array.from({ length: 9 }, (_, index) =>
      JSON.stringify({ daemon: 'egress', message: `word ${index}` }),
    );
    const error = await open([...words, 'Segmentation fault'], { end: true }).catch(
      (caught: Error) => caught,
    );
    expect(error).toMatchObject({
      code: 'bundle-failed',
      message:
        'The bundle ended before it was ready. It said: egress: word 5 | egress: word 6 | egress: word 7 | egress: word 8 | Segmentation fault',
    });
  });

  it('fails at once when init says that it failed, though the stream is open', async () => {
    const line = JSON.stringify({
      daemon: 'init',
      event: 'bundle-failed',
      failed: 'egress',
      message: 'egress ended',
    });
    await expect(open([line])).rejects.toThrow('It said: egress ended');
  });

  it('says that a bundle said nothing', async () => {
    await expect(open([], { end: true })).rejects.toThrow('It said nothing.');
  });

  it('does not wait longer than it may', async () => {
    await expect(open([started], { timeoutMs: 50 })).rejects.toThrow('was not ready within 50 ms');
  });

  it('ends with the reason of an abort, before and during the wait', async () => {
    const controller = new AbortController();
    const waiting = open([], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(open([], { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('does not collect a line without end', async () => {
    const stream = new PassThrough();
    for (let count = 0; count < 30; count++) stream.write(toFrame('x'.repeat(99_999)));
    const waiting = awaitReady(stream, { timeoutMs: 5000, signal: new AbortController().signal });
    await expect(waiting).rejects.toThrow('a line without end');
  });
});
