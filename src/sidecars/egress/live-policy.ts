import { hostMatches } from '../../policy/host-pattern.ts';
import { findRevoked } from '../daemon/revoked-rules.ts';
import type { EgressPolicy } from './decide-request.ts';
import type { Origin } from './dial.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** The routes in force, which may change while requests are under way, and which request goes by which. */
export interface LivePolicy {
  /** In force now: a request is decided by it and noted in one step, without waiting in between. */
  readonly current: EgressPolicy;
  /**
   * Notes that a request goes by a rule.
   * @param cut ends it at once, towards both sides
   * @returns to be called when it is over
   */
  use(rule: string, cut: () => void): () => void;
  /**
   * Puts other routes in force. Before it returns, every request that goes by one that is revoked is cut, and no connection that
   * may have carried one is used again. All others go on.
   * @returns how many were cut
   */
  replace(policy: EgressPolicy): number;
}

interface Use {
  readonly rule: string;
  readonly cut: () => void;
}

export function createLivePolicy(first: EgressPolicy, pool: UpstreamPool): LivePolicy {
  const uses = new Set<Use>();
  let current = first;
  return {
    get current() {
      return current;
    },
    use(rule, cut) {
      const use = { rule, cut };
      uses.add(use);
      return () => void uses.delete(use);
    },
    replace(policy) {
      const before = current.routes;
      const revoked = findRevoked(
        before,
        policy.routes,
        (route, successor) => JSON.stringify(route) === JSON.stringify(successor),
      );
      current = policy;
      const doomed = [...uses].filter(({ rule }) => revoked.has(rule));
      for (const use of doomed) {
        uses.delete(use);
        use.cut();
      }
      // What others have under way on a shared connection ends in peace; the next request opens a new one.
      const gone = before.filter(({ id }) => revoked.has(id));
      pool.retire((origin) => gone.some((route) => leadsTo(route, origin)));
      return doomed.length;
    },
  };
}

function leadsTo(route: Origin, { scheme, host, port }: Origin): boolean {
  return route.scheme === scheme && route.port === port && hostMatches(route.host, host);
}
