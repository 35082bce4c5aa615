// Launches the bottle whose plan is its one argument, keeps it up, and prints a line for each step: a process
// for tests to kill.
import { findBackend } from '../../src/backends/registry.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';

const plan: BottlePlan = JSON.parse(process.argv[2] ?? '');
const stack = new AsyncDisposableStack();
const backend = await findBackend(plan.backend.kind);
const bottle = await backend.launch(plan, {
  stack,
  signal: new AbortController().signal,
  resolveSecret: async () => 'a-secret-of-the-test',
  onStep: (step) => console.log(step),
});
await bottle.start();
console.log('up');
await bottle.keep();
console.log('kept');
// Until it is killed.
setInterval(() => undefined, 60_000);
