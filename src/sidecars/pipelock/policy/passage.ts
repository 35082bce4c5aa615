import type { PipelockRule } from '../../../plans/pipelock-plan.ts';
import type { Tunnel, TunnelPlace } from '../http/parse-request.ts';

/** What ends at once when a passage is cut. */
export interface Destroyable {
  destroy(): unknown;
}

/** One connection of the guest, as the rules see it: what it has gone by, and what ends with it. */
export interface Passage {
  readonly isCut: boolean;
  /** It goes by this rule from now on; when that is revoked, the passage is cut. */
  use(rule: PipelockRule): void;
  /** It is a tunnel from now on; when no rule allows that any more, the passage is cut. */
  enterTunnel(tunnel: TunnelPlace): void;
  /**
   * Has something end with the passage; returns how to take that back.
   * SECURITY: on a passage that was cut already it ends at once: nothing more may leave, however far a request had come.
   */
  carry(part: Destroyable): () => void;
}

/** A passage as the rules' holder handles it. */
export interface OpenPassage extends Passage {
  readonly tunnel: Tunnel;
  /** Whether it went by one of these rules. */
  usedAnyOf(ids: ReadonlySet<string>): boolean;
  /** Ends all that it carries, innermost first, before it returns. */
  cut(): void;
}

export function createPassage(): OpenPassage {
  const used = new Set<string>();
  const parts = new Set<Destroyable>();
  let tunnel: Tunnel = null;
  let isCut = false;
  return {
    get isCut() {
      return isCut;
    },
    get tunnel() {
      return tunnel;
    },
    use: ({ id }) => void used.add(id),
    enterTunnel(entered) {
      tunnel = entered;
    },
    carry(part) {
      if (isCut) part.destroy();
      else parts.add(part);
      return () => void parts.delete(part);
    },
    usedAnyOf: (ids) => [...used].some((id) => ids.has(id)),
    cut() {
      isCut = true;
      for (const part of [...parts].reverse()) part.destroy();
      parts.clear();
    },
  };
}
