import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BundlePlan } from '../../plans/bundle-plan.ts';
import type { BundleOutput } from './bundle-output.ts';
import { readBundleSecrets } from './bundle-secrets.ts';
import { parseBundleConfiguration, secretIdsOf } from './configuration.ts';
import { type DaemonProcess, startDaemon } from './daemon-process.ts';
import { toDaemonSecretLines } from './daemon-secrets.ts';
import { logInitEvent } from './init-log.ts';
import { createRefusalRelay } from './refusal-relay.ts';
import { makeRunFolders } from './run-folders.ts';
import { terminateDaemons } from './terminate.ts';
import { type BundleEnd, watchDaemons } from './watch-daemons.ts';

export interface BundleSurroundings {
  /** Holds `bundle.json`. */
  readonly configDirectory: string;
  /** Where each daemon gets a folder of its own; in memory, init's own. */
  readonly runDirectory: string;
  readonly stdin: Readable;
  readonly output: BundleOutput;
  /** Aborted by SIGTERM or SIGINT. */
  readonly stop: AbortSignal;
  /** Has an event `hang-up` for each SIGHUP. */
  readonly signals: EventTarget;
}

/** Status when init itself failed: configuration, secrets, or a daemon that was late. */
export const initFailedStatus = 1;

/**
 * Runs the bundle from its first secret to the end of its last daemon.
 * @returns init's exit status: 0 after `stop`; otherwise that of the daemon that ended first (128 and the
 *   signal's number; 70 where it ended with 0, for 0 is kept for an end that was asked for), or 1 when init
 *   itself failed.
 */
export async function runBundle(surroundings: BundleSurroundings): Promise<number> {
  const { output, stop, configDirectory } = surroundings;
  const daemons: DaemonProcess[] = [];
  let hungUp = false;
  surroundings.signals.addEventListener('hang-up', () => {
    hungUp = true;
    for (const daemon of daemons) daemon.hangUp();
  });
  let graceMs = 0;
  let end: BundleEnd;
  try {
    const plan = parseBundleConfiguration(await readFile(join(configDirectory, 'bundle.json'), 'utf8'));
    graceMs = plan.graceMs;
    end = await startAndWatch(plan, surroundings, daemons, () => {
      // Whoever hung up waits for the answer of daemons that were not there yet.
      if (hungUp) for (const daemon of daemons) daemon.hangUp();
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    end = stop.aborted
      ? { kind: 'stopped' }
      : { kind: 'failed', failed: 'init', message, status: initFailedStatus };
  }
  if (end.kind === 'failed') {
    const { failed, message } = end;
    logInitEvent(output, 'error', { event: 'bundle-failed', daemon: 'init', failed, message }, message);
  } else {
    logInitEvent(output, 'info', { event: 'bundle-stopping', daemon: 'init' }, 'asked to stop');
  }
  for (const name of await terminateDaemons(daemons, graceMs)) {
    const message = `${name} did not end within ${graceMs} ms and was killed`;
    logInitEvent(output, 'warn', { event: 'daemon-killed', daemon: 'init' }, message);
  }
  await output.flush();
  return end.kind === 'failed' ? end.status : 0;
}

async function startAndWatch(
  plan: BundlePlan,
  surroundings: BundleSurroundings,
  daemons: DaemonProcess[],
  onStarted: () => void,
): Promise<BundleEnd> {
  const startedAt = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), plan.readyTimeoutMs);
  try {
    await startDaemons(plan, surroundings, daemons, late.signal);
    onStarted();
    return await watchDaemons(plan, daemons, { ...surroundings, late: late.signal, startedAt });
  } finally {
    clearTimeout(timer);
  }
}

/** A function of its own, so that nothing on the stack holds the secrets while the bundle runs. */
async function startDaemons(
  plan: BundlePlan,
  { stdin, stop, runDirectory, output }: BundleSurroundings,
  daemons: DaemonProcess[],
  late: AbortSignal,
): Promise<void> {
  const ids = secretIdsOf(plan.daemons);
  const secrets = await readBundleSecrets(stdin, ids, AbortSignal.any([stop, late])).catch(
    (error: unknown) => {
      if (!late.aborted) throw error;
      throw new Error(`the secrets line did not come within ${plan.readyTimeoutMs} ms`);
    },
  );
  const { lines, unscannable } = toDaemonSecretLines(plan, secrets);
  for (const label of unscannable) {
    const message = `${label} is too short to be recognised in what the guest sends`;
    logInitEvent(output, 'warn', { event: 'secret-unscannable', daemon: 'init' }, message);
  }
  makeRunFolders(runDirectory, plan.daemons);
  const refusals = createRefusalRelay((listener, count) => {
    const message = `${listener} read too slowly and missed ${count} refusals`;
    logInitEvent(output, 'warn', { event: 'refusals-dropped', daemon: 'init', count }, message);
  });
  for (const daemon of plan.daemons) {
    const line = lines.get(daemon.name);
    if (line === undefined) throw new Error(`there is no secrets line for ${daemon.name}`);
    daemons.push(startDaemon(daemon, line, output, refusals));
  }
}
