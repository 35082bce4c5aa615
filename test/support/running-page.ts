import type { Operator } from '../../src/approvals/operator.ts';
import { runPage } from '../../src/commands/page/run-page.ts';

/** The page of `bottle supervise --web`, served until it is disposed. */
export interface RunningPage extends AsyncDisposable {
  /** What the command prints: opens the page once. */
  readonly url: string;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
}

export async function startPage(operator: Operator): Promise<RunningPage> {
  const stopping = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const running = runPage(operator, {
    port: null,
    onListening: resolve,
    onWarning: () => undefined,
    signal: stopping.signal,
  });
  running.catch(reject);
  const url = await promise;
  return {
    url,
    origin: new URL(url).origin,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
