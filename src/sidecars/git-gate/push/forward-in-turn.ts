import type { RefUpdate } from '../../../queue/proposal.ts';
import type { PushRulings } from './decide-push.ts';
import { forwardPush, type Quarantine } from './forward-push.ts';
import { PushRefusal } from './ref-policy.ts';

/** What is known of the connection that a push came on. */
export interface PushProgress {
  /** Fires when the one who pushed no longer waits. */
  readonly gone: AbortSignal;
  /** Resolves when git has changed the mirror's refs, or given up. */
  readonly ended: Promise<void>;
  /** Called right before upstream is asked: from then on the push goes to its end. */
  onForwarding(): void;
}

/**
 * Forwards a push that has passed everything, and keeps the mirror's turn until git has changed its refs as upstream's were: a
 * refresh in between would take that change from it.
 * @returns when upstream has taken the push
 * @throws PushRefusal; UpstreamFailure
 */
export function forwardInTurn(
  { mirror, remote, access, limits, log }: PushRulings,
  updates: readonly RefUpdate[],
  quarantine: Quarantine,
  { gone, ended, onForwarding }: PushProgress,
  say: (line: string) => void,
): Promise<void> {
  const taken = Promise.withResolvers<void>();
  const forward = async (): Promise<void> => {
    // SECURITY: what a ref was before is the client's word until here; what the operator approved was shown by it.
    const refs = await mirror.readRefs();
    const changed = updates.find(({ ref, old }) => (refs.get(ref) ?? '0'.repeat(old.length)) !== old);
    if (changed !== undefined) {
      throw new PushRefusal(
        `"${changed.ref}" was changed while the push was on its way. Fetch, and push again.`,
      );
    }
    onForwarding();
    const began = performance.now();
    try {
      await forwardPush(mirror.directory, access, updates, quarantine, limits, say);
      await mirror.ownBranches.record(updates);
    } catch (error) {
      // Upstream may have taken what its answer did not say; the next push looks first.
      mirror.doubt();
      throw error;
    }
    const shown = updates.map(({ ref, change }) => `${change} ${ref}`);
    const fields = {
      remote: remote.name,
      updates: shown,
      upstream_ms: Math.round(performance.now() - began),
    };
    log.write({ level: 'info', event: 'git-push', message: `pushed to ${remote.name}`, ...fields });
  };
  const keepTurn = async (): Promise<void> => {
    await forward();
    taken.resolve();
    await ended;
  };
  mirror.turns.take(keepTurn, gone).catch(taken.reject);
  return taken.promise;
}
