import { type Denial, fail } from './denial.ts';
import type { Dial, Origin } from './dial.ts';
import { keepConnections, type OriginConnections } from './origin-connections.ts';
import type { UpstreamRequest, UpstreamResponse } from './upstream.ts';

/** Sends requests to hosts over connections that are kept for the next. */
export interface UpstreamPool {
  /** Resolves with the head of the answer, or why there is none. Sends again only what no host acted on, once. */
  send(request: UpstreamRequest): Promise<UpstreamResponse | Denial>;
  /** Closes what is idle of these origins, and lets no more requests on what is in use. */
  retire(concerns: (origin: Origin) => boolean): void;
  close(): void;
}

/** A wildcard rule lets a guest name any number of hosts; those nobody uses any more make room. */
const maxOrigins = 256;

/** Makes a pool whose every connection comes from `dial`. */
export function createUpstreamPool(dial: Dial, responseTimeoutMs: number): UpstreamPool {
  const origins = new Map<string, { readonly origin: Origin; readonly connections: OriginConnections }>();
  return {
    async send(request) {
      for (let tries = 0; tries < 2; tries++) {
        const attempt = await connectionsOf(request.origin).exchange(request);
        if (attempt.kind !== 'unsent') return attempt;
      }
      return fail('reset', `${request.origin.host} ended two connections without an answer: try again.`);
    },
    retire(concerns) {
      for (const [key, { origin, connections }] of origins) {
        if (!concerns(origin)) continue;
        origins.delete(key);
        connections.retire();
      }
    },
    close() {
      for (const { connections } of origins.values()) connections.close();
      origins.clear();
    },
  };

  function connectionsOf(origin: Origin): OriginConnections {
    // SECURITY: an address was checked for one name; its connection serves that name, scheme and port only.
    const key = `${origin.scheme}://${origin.host}:${origin.port}`;
    const known = origins.get(key);
    if (known !== undefined) return known.connections;
    if (origins.size >= maxOrigins) dropUnused();
    const made = keepConnections(origin, dial, responseTimeoutMs);
    origins.set(key, { origin, connections: made });
    return made;
  }

  function dropUnused(): void {
    for (const [key, { connections }] of origins) {
      if (connections.active() > 0) continue;
      connections.close();
      origins.delete(key);
    }
  }
}
