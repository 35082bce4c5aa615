import type { LaunchStep } from '../../backends/backend.ts';

/** What each step of a launch is called for people, in the order they come. */
const titles: readonly (readonly [LaunchStep, string])[] = [
  ['state', 'Preparing'],
  ['networks', 'Making networks'],
  ['bundle', 'Starting the bundle'],
  ['guest', 'Making the guest'],
  ['provisioning', 'Provisioning the guest'],
];

/** A list of a launch's steps that is ticked off as it goes on. */
export interface Progress {
  /** Ticks off all steps before this one. */
  begin(step: LaunchStep): void;
  /** Ends the list; resolves once it is drawn. With an error, the step that was under way is marked. */
  end(error: Error | null): Promise<void>;
}

/**
 * Shows a launch's steps on standard error: drawn anew at a terminal, else a line each. Standard output is not
 * touched, since it is the guest's.
 */
export async function showProgress(): Promise<Progress> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const gates = titles.map(([step, title]) => ({ step, title, gate: Promise.withResolvers<void>() }));
  // A list that fails early never awaits the steps after.
  for (const { gate } of gates) gate.promise.catch(() => undefined);
  const list = new Listr(
    gates.map(({ title, gate }) => ({ title, task: () => gate.promise })),
    {
      renderer: process.stderr.isTTY ? 'default' : 'simple',
      fallbackRendererCondition: false,
      rendererOptions: {
        logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) }),
        // The command's own report says what went wrong.
        showErrorMessage: false,
      },
      // Signals are the command's to answer: it has something to take down.
      registerSignalListeners: false,
    },
  );
  const drawn = list.run().then(
    () => undefined,
    () => undefined,
  );
  let reached = 0;
  return {
    begin(step) {
      const index = gates.findIndex((candidate) => candidate.step === step);
      if (index === -1) return;
      reached = index;
      for (const { gate } of gates.slice(0, index)) gate.resolve();
    },
    async end(error) {
      if (error !== null) gates[reached]?.gate.reject(error);
      else for (const { gate } of gates) gate.resolve();
      await drawn;
    },
  };
}
