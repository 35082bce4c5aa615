import { render } from 'ink';
import { createElement } from 'react';
import type { Operator } from '../../approvals/operator.ts';
import type { Environment } from '../../host/folders.ts';
import { openNotifier } from '../program/open-notifier.ts';
import { createListController } from './list-controller.ts';
import { LiveList, type SuspendTerminal } from './live-list-view.ts';
import { runEditor } from './run-editor.ts';

/**
 * Shows the live list on the terminal until the operator leaves it or the signal aborts; an answer that is under way is
 * waited for. INVARIANT: the terminal is as before on every way out.
 * @returns `interrupt` when the operator left by Ctrl-C
 */
export async function runLiveList(
  operator: Operator,
  env: Environment,
  signal: AbortSignal,
): Promise<'quit' | 'interrupt'> {
  const ended = Promise.withResolvers<'quit' | 'interrupt'>();
  const stopping = new AbortController();
  const either = AbortSignal.any([signal, stopping.signal]);
  let suspend: SuspendTerminal = (act) => act();
  await using notifier = openNotifier((text) => controller.tell(text));
  const controller = createListController({
    operator,
    async edit(text) {
      let edited = '';
      await suspend(async () => {
        edited = await runEditor(text, env, either);
      });
      return edited;
    },
    notify: (entries) => notifier.notify(entries),
    size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }),
    nowMs: Date.now,
    signal: either,
    onEnd: (reason) => (reason instanceof Error ? ended.reject(reason) : ended.resolve(reason)),
  });
  signal.addEventListener('abort', () => ended.resolve('interrupt'), { signal: stopping.signal });
  const app = render(
    createElement(LiveList, {
      controller,
      colour: !env.NO_COLOR,
      nowMs: Date.now,
      onTerminal(given: SuspendTerminal) {
        suspend = given;
      },
    }),
    // Ctrl-C is a key here, and signals are the command's to answer.
    { alternateScreen: true, interactive: true, exitOnCtrlC: false, patchConsole: false },
  );
  try {
    const following = controller.follow().catch((error: unknown) => ended.reject(error));
    const reason = signal.aborted ? 'interrupt' : await ended.promise;
    stopping.abort();
    await Promise.all([controller.settled(), following]);
    return reason;
  } finally {
    stopping.abort();
    app.unmount();
    await app.waitUntilExit();
  }
}
