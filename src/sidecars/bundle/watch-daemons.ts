import { once } from 'node:events';
import type { BundlePlan } from '../../plans/bundle-plan.ts';
import type { BundleOutput } from './bundle-output.ts';
import type { DaemonEnd, DaemonProcess } from './daemon-process.ts';
import { logInitEvent } from './init-log.ts';

/** Why the bundle ends. */
export type BundleEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly failed: string; readonly message: string; readonly status: number };

export interface Watch {
  readonly output: BundleOutput;
  readonly stop: AbortSignal;
  /** Aborted when the time for readiness is over. */
  readonly late: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** Status when a daemon ended unasked with 0: the bundle's 0 is kept for an end that was asked for. */
const endedUnaskedStatus = 70;
const lateStatus = 1;

/** Reports each daemon's readiness, then the bundle's, and resolves when the bundle must end. */
export async function watchDaemons(
  plan: BundlePlan,
  daemons: readonly DaemonProcess[],
  watch: Watch,
): Promise<BundleEnd> {
  const stopped = whenAborted(watch.stop).then((): BundleEnd => ({ kind: 'stopped' }));
  // SECURITY: fail closed. The first daemon that ends takes the bundle with it: the guest then has no peer.
  const died = Promise.race(daemons.map((daemon) => daemon.ended)).then(toBundleEnd);
  const ready = new Set<DaemonProcess>();
  const overdue = whenAborted(watch.late).then(() => toLateEnd(daemons, ready, plan.readyTimeoutMs));
  const early = await Promise.race([stopped, died, overdue, reportReadiness(daemons, ready, watch)]);
  return early ?? (await Promise.race([stopped, died]));
}

/** Resolves with null once every daemon is ready and the bundle's readiness is printed. */
async function reportReadiness(
  daemons: readonly DaemonProcess[],
  ready: Set<DaemonProcess>,
  { output, startedAt }: Watch,
): Promise<BundleEnd | null> {
  const certificates = await Promise.all(
    daemons.map(async (daemon) => {
      const { caCertificate } = await daemon.ready;
      ready.add(daemon);
      const elapsed_ms = Math.round(performance.now() - startedAt);
      const event = { event: 'daemon-ready', daemon: 'init', ready: daemon.name, elapsed_ms } as const;
      logInitEvent(output, 'info', event, `${daemon.name} is ready`);
      // Only pipelock has an authority; what another daemon calls one is nothing to trust.
      return daemon.name === 'pipelock' ? caCertificate : undefined;
    }),
  );
  const caCertificate = certificates.find((certificate) => certificate !== undefined);
  if (caCertificate === undefined) {
    return {
      kind: 'failed',
      failed: 'pipelock',
      message: 'pipelock named no certificate authority',
      status: lateStatus,
    };
  }
  logInitEvent(
    output,
    'info',
    { event: 'bundle-ready', daemon: 'init', caCertificate },
    'every daemon is ready',
  );
  return null;
}

function toBundleEnd({ daemon, status, reason }: DaemonEnd): BundleEnd {
  return {
    kind: 'failed',
    failed: daemon.name,
    message: `${daemon.name} ${reason}`,
    status: status === 0 ? endedUnaskedStatus : status,
  };
}

function toLateEnd(
  daemons: readonly DaemonProcess[],
  ready: ReadonlySet<DaemonProcess>,
  readyTimeoutMs: number,
): BundleEnd {
  const late = daemons.filter((daemon) => !ready.has(daemon)).map((daemon) => daemon.name);
  return {
    kind: 'failed',
    failed: late[0] ?? 'init',
    message: `${late.join(' and ')} did not become ready within ${readyTimeoutMs} ms`,
    status: lateStatus,
  };
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
