import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { awaitReloaded } from '../../../../src/backends/bundle/await-reloaded.ts';
import { toFrame } from './to-frame.ts';

const done = (daemon: string, revision: unknown = 3) => ({ daemon, event: 'reloaded', revision });
const refusal = (daemon: string, message = 'egress.json: routes[0].host: is no host') => ({
  daemon,
  event: 'reload-refused',
  level: 'error',
  message,
});
const egress = done('egress');
const pipelock = done('pipelock');

describe('awaitReloaded', () => {
  function open(
    lines: readonly (object | string)[],
    options: { timeoutMs?: number; signal?: AbortSignal; end?: boolean } = {},
  ) {
    const stream = new PassThrough();
    for (const line of lines)
      stream.write(toFrame(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`));
    if (options.end) stream.end();
    return awaitReloaded(stream, {
      revision: 3,
      timeoutMs: options.timeoutMs ?? 5000,
      signal: options.signal ?? new AbortController().signal,
    });
  }

  it.each<[string, readonly (object | string)[]]>([
    ['in either order', [pipelock, egress]],
    [
      'among other lines',
      ['no JSON', '', 'null', '[]', egress, { daemon: 'egress', event: 'request' }, pipelock],
    ],
    ['after answers about an earlier revision', [done('egress', 2), done('pipelock', 2), egress, pipelock]],
  ])('resolves when both that enforce policy have answered, %s', async (_what, lines) => {
    await expect(open(lines)).resolves.toBeUndefined();
  });

  it.each<[string, readonly object[]]>([
    ['only one has answered', [egress]],
    ['one has answered twice', [egress, egress]],
    ['another daemon answers for it', [egress, done('supervise'), done('git-gate')]],
    ['init answers for it', [egress, done('init')]],
    ['nobody says who answers', [egress, { event: 'reloaded', revision: 3 }]],
    ['it answers about another revision', [egress, done('pipelock', 2), done('pipelock', 4)]],
    ['it answers about no number', [egress, done('pipelock', '3'), done('pipelock', null)]],
    ['it says something else', [egress, { daemon: 'pipelock', event: 'Reloaded', revision: 3 }]],
  ])('is not applied while %s', async (_what, lines) => {
    await expect(open(lines, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'policy-not-applied',
      message: 'Revision 3 of the policy was not applied: pipelock did not answer within 50 ms.',
    });
  });

  it('says in its own words why a daemon refused, once the other has answered too', async () => {
    const message = expect.stringContaining('not applied: egress: egress.json: routes[0].host: is no host.');
    await expect(open([refusal('egress'), pipelock])).rejects.toMatchObject({
      code: 'policy-not-applied',
      message,
    });
    await expect(open([pipelock, refusal('egress')])).rejects.toMatchObject({
      code: 'policy-not-applied',
      message,
    });
  });

  it('says all that went wrong', async () => {
    await expect(open([refusal('egress', 'One.'), refusal('pipelock', 'two')])).rejects.toThrow(
      'not applied: egress: One; pipelock: two.',
    );
    await expect(open([refusal('egress', 'one')], { timeoutMs: 50 })).rejects.toThrow(
      'not applied: egress: one; pipelock did not answer within 50 ms.',
    );
  });

  it('is not applied by a daemon that refused first and says yes later, nor refused by one that does not enforce', async () => {
    await expect(open([refusal('egress'), egress, pipelock])).rejects.toMatchObject({
      code: 'policy-not-applied',
    });
    await expect(open([refusal('supervise'), egress, pipelock])).resolves.toBeUndefined();
  });

  it('says that the bundle ended, with its last words', async () => {
    const failed = { daemon: 'init', event: 'bundle-failed', message: 'egress was ended by SIGSEGV' };
    await expect(open([pipelock, failed], { end: true })).rejects.toThrow(
      'not applied: egress was ended by SIGSEGV; egress ended without an answer.',
    );
    const faked = { ...failed, daemon: 'pipelock' };
    await expect(open([pipelock, faked], { end: true })).rejects.toThrow('not applied: egress ended without');
  });

  it('bounds what it repeats of a daemon, and what it collects of a line', async () => {
    const error = await open([refusal('egress', 'x'.repeat(9_000)), pipelock]).catch(
      (caught: Error) => caught,
    );
    expect(String(error).length).toBeLessThan(700);
    const endless = Array.from({ length: 30 }, () => 'x'.repeat(99_999));
    const stream = new PassThrough();
    for (const part of endless) stream.write(toFrame(part));
    const waiting = awaitReloaded(stream, {
      revision: 3,
      timeoutMs: 5000,
      signal: new AbortController().signal,
    });
    await expect(waiting).rejects.toThrow('a line without end');
  });

  it('ends with the reason of an abort, before and during the wait', async () => {
    const controller = new AbortController();
    const waiting = open([egress], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(open([egress], { signal: controller.signal })).rejects.toThrow('enough');
  });
});
