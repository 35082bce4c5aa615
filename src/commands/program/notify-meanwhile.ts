import { openNotifier } from './open-notifier.ts';
import { openOperator } from './open-operator.ts';

/**
 * Notifies of one bottle's requests until it is disposed. Quietly: the terminal is the guest's, and a notification that fails is
 * said by "supervise watch".
 * @param slug of the instance
 */
export function notifyMeanwhile(slug: string): AsyncDisposable {
  const end = new AbortController();
  const work = watch(slug, end.signal).catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      end.abort();
      await work;
    },
  };
}

async function watch(slug: string, signal: AbortSignal): Promise<void> {
  await using notifier = openNotifier(() => undefined);
  for await (const { entries } of openOperator().watch(signal)) {
    await notifier.notify(entries.filter((entry) => entry.slug === slug));
  }
}
