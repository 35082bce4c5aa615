import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { GitGatePlan } from '../../plans/git-gate-plan.ts';
import { createScanTables } from '../../scan/scan-tables.ts';
import type { Log } from '../daemon/log.ts';
import { createQueueFiles } from '../daemon/queue-files.ts';
import { createRequestQueue } from '../daemon/request-queue.ts';
import type { DaemonSecretsLine } from '../protocol.ts';
import type { GateFolders } from './gate-folders.ts';
import { openMirror } from './mirror/mirror.ts';
import { createTurns } from './mirror/turns.ts';
import { startHookServer } from './push/hook-server.ts';
import { endRefused } from './request/end-refused.ts';
import { type RemoteService, serveConnection } from './serve-connection.ts';
import { toUpstreamAccess } from './upstream/upstream-access.ts';
import { UpstreamFailure } from './upstream/upstream-failure.ts';
import { credentialFiles, writeCredentials } from './upstream/write-credentials.ts';

/** A gate that listens. */
export interface RunningGate {
  readonly port: number;
  /** Looks for the operator's answers now. */
  lookForDecisions(): Promise<void>;
}

/** Pushes that wait for the operator; one holds a connection and its objects. */
const queueLimits = { maxWaiting: 8, maxRequestsPerMinute: 12, maxRequestsPerHour: 120 };

/**
 * Starts the gate: resolves when it listens and its credentials are in place. The mirrors are made and filled meanwhile, so
 * that the first clone does not wait for all of it; a connection that comes before waits.
 */
export async function startGate(
  plan: GitGatePlan,
  secrets: DaemonSecretsLine,
  folders: GateFolders,
  log: Log,
): Promise<RunningGate> {
  const { limits } = plan;
  const values = secrets.values ?? {};
  await writeCredentials(plan, values, folders.run);
  const known = createScanTables(secrets.fingerprints ?? []);
  const hooks = await startHookServer(join(folders.run, 'hook.sock'));
  const queue = await createRequestQueue({
    daemon: 'git-gate',
    files: createQueueFiles('git-gate', folders.queue, folders.decisions),
    limits: queueLimits,
    answerTimeoutMs: limits.approvalTimeoutMs,
    // Nobody waits for the push of an earlier process.
    earlier: 'lapse',
    log,
    now: Date.now,
  });
  const home = join(folders.run, credentialFiles.home);
  const inspections = createTurns();
  const opening = Promise.all(
    plan.remotes.map(async (remote, index): Promise<RemoteService> => {
      const access = toUpstreamAccess(remote, index, values, folders);
      const mirror = await openMirror({ remote, access, folders, limits, log });
      void mirror.refresh().catch((error: unknown) => {
        const detail = error instanceof UpstreamFailure ? error.detail : '';
        const message = error instanceof Error ? error.message : String(error);
        log.write({ level: 'warn', event: 'git-prefetch-failed', remote: remote.name, message, detail });
      });
      const own = { remote, mirror, access, underWay: new Set<Socket>() };
      return { ...own, limits, home, known, inspections, queue, log, hooks };
    }),
  );

  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {});
    // SECURITY: a guest that opens connections without end finds a bound, and the ones that are open go on.
    if (connections >= limits.maxConnections) {
      const hint = `No more than ${limits.maxConnections} connections to the gate may be open at once.`;
      log.write({
        level: 'warn',
        event: 'blocked',
        reason: 'connections',
        layer: 'git',
        hint,
        message: 'a connection is refused',
      });
      endRefused(socket, hint);
      return;
    }
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    void serveConnection(socket, opening, limits.requestTimeoutMs, log);
  });
  const { promise: listens, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(plan.listen.port, plan.listen.address, resolve);
  await listens;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gate listens at no port');
  return { port: address.port, lookForDecisions: () => queue.look() };
}
