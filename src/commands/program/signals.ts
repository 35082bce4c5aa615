import { BottleError } from '../../errors.ts';

type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** All signals that end a process and can be answered. */
export const endingSignals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const reasons = {
  SIGINT: () => new BottleError('interrupted', 'Interrupted.'),
  SIGTERM: () => new BottleError('terminated', 'Asked to end (SIGTERM).'),
  SIGHUP: () => new BottleError('hung-up', 'The terminal went away (SIGHUP).'),
} satisfies Record<EndingSignal, () => BottleError>;

/** From creation to disposal, signals do not end the process but abort what it does. */
export interface SignalScope extends Disposable {
  /** Aborted by the first signal, with the BottleError that the command then ends with. */
  readonly signal: AbortSignal;
}

/**
 * INVARIANT: while something of a bottle's is being made or removed, no signal ends the process. The first one
 * aborts, and so begins the teardown; further ones only call `onRepeated`. A closed standard output counts as
 * one: whoever read it has gone.
 * @param names the signals to listen for
 */
export function listenForSignals(names: readonly EndingSignal[], onRepeated: () => void): SignalScope {
  const controller = new AbortController();
  const abort = (error: BottleError) => (controller.signal.aborted ? onRepeated() : controller.abort(error));
  const listeners = names.map((name) => ({ name, listener: () => abort(reasons[name]()) }));
  const closed = () => abort(new BottleError('output-closed', 'Whoever read the output has gone.'));
  // The terminal's end must not end a teardown by a failed write of its progress.
  const ignored = () => undefined;
  for (const { name, listener } of listeners) process.on(name, listener);
  process.stdout.on('error', closed);
  process.stderr.on('error', ignored);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const { name, listener } of listeners) process.removeListener(name, listener);
      process.stdout.removeListener('error', closed);
    },
  };
}
