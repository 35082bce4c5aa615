import { createBundleOutput } from './bundle-output.ts';
import { logInitEvent } from './init-log.ts';
import { initFailedStatus, runBundle } from './run-bundle.ts';

// The bundle's first process (PID 1). Usage: init [config directory] [run directory].
// Reaping: node waits for the children it started, and the daemons start none, so no orphan ever
// reaches this process and there is nothing else to wait for.

const output = createBundleOutput(process.stdout);
const stop = new AbortController();
// The first process of a container has no default handlers: without these a stop would wait for its grace.
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());
// Never an end: the operator's process has the daemons read their files again by it.
const signals = new EventTarget();
process.on('SIGHUP', () => signals.dispatchEvent(new Event('hang-up')));

function failOnDefect(defect: unknown): void {
  const message = defect instanceof Error ? (defect.stack ?? defect.message) : String(defect);
  logInitEvent(output, 'error', { event: 'bundle-failed', daemon: 'init', failed: 'init', message }, message);
  // The end of the first process ends every other one of the container.
  process.exit(initFailedStatus);
}
process.on('uncaughtException', failOnDefect);
process.on('unhandledRejection', failOnDefect);

const status = await runBundle({
  configDirectory: process.argv[2] ?? '/etc/bottle',
  runDirectory: process.argv[3] ?? '/run',
  stdin: process.stdin,
  output,
  stop: stop.signal,
  signals,
});
process.exit(status);
