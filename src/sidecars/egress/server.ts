import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { EgressPlan } from '../../plans/egress-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import type { Log } from '../daemon/log.ts';
import type { EgressPolicy } from './decide-request.ts';
import { createDial } from './dial.ts';
import { createRequestHandler } from './handle-request.ts';
import { createUpgradeHandler } from './handle-upgrade.ts';
import { createLivePolicy } from './live-policy.ts';
import type { ResolveName } from './resolve-host.ts';
import { prepareCredentials } from './route-credential.ts';
import { createTrust } from './trust.ts';
import { createUpstreamPool } from './upstream-pool.ts';

/** Above what pipelock lets a guest send, so that the limits that count are pipelock's. */
const maxRequestHeadBytes = 256 * 1024;
const headersTimeoutMs = 30_000;

/** A running egress. */
export interface EgressServer extends AsyncDisposable {
  readonly port: number;
  /**
   * Makes another plan's routes ready to be put in force; nothing else of it is read.
   * @returns puts them in force, and returns how many requests were cut; see `LivePolicy`
   * @throws Error when a credential cannot be used
   */
  prepareRoutes(plan: EgressPlan): () => number;
}

/**
 * Starts egress on the plan's loopback address; resolves once it listens.
 * @param values of the plan's secrets
 * @throws Error when a credential cannot be used or the port is taken
 */
export async function startEgress(
  plan: EgressPlan,
  values: Readonly<Record<SecretId, string>>,
  surroundings: { readonly log: Log; readonly resolveName: ResolveName },
): Promise<EgressServer> {
  const { limits } = plan;
  const trust = createTrust(plan.extraCa);
  const dial = createDial({
    allowPrivate: plan.allowPrivate,
    trust,
    connectTimeoutMs: limits.connectTimeoutMs,
    resolveName: surroundings.resolveName,
  });
  const pool = createUpstreamPool(dial, limits.responseTimeoutMs);
  const toPolicy = (given: EgressPlan): EgressPolicy => ({
    routes: given.routes,
    credentials: prepareCredentials(given, values),
  });
  const policy = createLivePolicy(toPolicy(plan), pool);
  const handling = {
    ...limits,
    policy,
    pool,
    dial,
    log: surroundings.log,
  };
  const server = createServer({
    maxHeaderSize: maxRequestHeadBytes,
    insecureHTTPParser: false,
    headersTimeout: headersTimeoutMs,
    // Uploads take as long as they take; pipelock, which keeps the connections, ends idle ones.
    requestTimeout: 0,
    keepAliveTimeout: 0,
  });
  server.on('request', createRequestHandler(handling));
  server.on('upgrade', createUpgradeHandler(handling));
  // SECURITY: a tunnel would carry bytes that nobody reads.
  server.on('connect', (_request, socket) => {
    socket.end(
      'HTTP/1.1 403 Forbidden\r\nX-Bottle-Block: egress\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    );
  });
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) return void socket.destroy();
    socket.end(
      'HTTP/1.1 400 Bad Request\r\nX-Bottle-Block: egress\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    );
  });
  server.listen(plan.listen.port, plan.listen.address);
  await once(server, 'listening');
  // After the caller has said that it is ready, and before the guest's first request needs it.
  setImmediate(trust);
  return {
    port: portOf(server),
    prepareRoutes(given) {
      const next = toPolicy(given);
      return () => policy.replace(next);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      pool.close();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('egress does not listen on a port');
  return address.port;
}
