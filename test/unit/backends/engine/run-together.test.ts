import { describe, expect, it } from 'vitest';
import { retryRemoval } from '../../../../src/backends/engine/retry-removal.ts';
import { runTogether } from '../../../../src/backends/engine/run-together.ts';
import { BottleError } from '../../../../src/errors.ts';

const never = new AbortController().signal;

describe('runTogether', () => {
  it('returns what each branch returned', async () => {
    expect(await runTogether(never, [async () => 1, async () => 'two'])).toEqual([1, 'two']);
  });

  it('ends only when all branches have, and throws the first failure', async () => {
    const events: string[] = [];
    const slow = Promise.withResolvers<void>();
    const running = runTogether(never, [
      async () => {
        throw new Error('first');
      },
      async (signal) => {
        await slow.promise;
        events.push(`slow ended, told: ${signal.aborted}`);
        throw new Error('second');
      },
    ]).catch((error: Error) => events.push(`thrown: ${error.message}`));
    await Promise.resolve();
    expect(events).toEqual([]);
    slow.resolve();
    await running;
    expect(events).toEqual(['slow ended, told: true', 'thrown: first']);
  });

  it("throws the signal's reason, whatever the branches did", async () => {
    const controller = new AbortController();
    const running = runTogether(controller.signal, [async () => controller.abort(new Error('enough'))]);
    await expect(running).rejects.toThrow('enough');
    await expect(runTogether(controller.signal, [async () => expect.unreachable()])).rejects.toThrow(
      'enough',
    );
  });
});

describe('retryRemoval', () => {
  const failure = (statusCode: number): BottleError =>
    new BottleError('engine-failed', 'no', { cause: Object.assign(new Error('no'), { statusCode }) });

  it('counts what is not there as removed', async () => {
    await retryRemoval(() => Promise.reject(failure(404)));
  });

  it.each([409, 403])('asks again while the engine is busy (%i)', async (status) => {
    let left = 3;
    await retryRemoval(() => (left-- > 0 ? Promise.reject(failure(status)) : Promise.resolve()));
    expect(left).toBe(-1);
  });

  it('gives up at once on any other failure', async () => {
    let asked = 0;
    const removal = retryRemoval(() => {
      asked++;
      return Promise.reject(failure(500));
    });
    await expect(removal).rejects.toMatchObject({ code: 'engine-failed' });
    expect(asked).toBe(1);
  });
});
