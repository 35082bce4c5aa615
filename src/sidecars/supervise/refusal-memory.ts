import type { RefusalLine } from '../protocol.ts';

/** One refusal that was heard, and how often. */
export interface RememberedRefusal {
  /** The last of those that are alike. */
  readonly refusal: RefusalLine;
  readonly count: number;
}

/** The last refusals of the bottle's daemons. */
export interface RefusalMemory {
  hear(refusal: RefusalLine): void;
  /** Newest first. */
  list(): readonly RememberedRefusal[];
}

/** SECURITY: a guest decides what is refused and how often; what is kept of it is bounded in number and, by init, in length. */
export function createRefusalMemory(most: number): RefusalMemory {
  /** By what makes two alike; oldest first. */
  const known = new Map<string, RememberedRefusal>();
  return {
    hear(refusal) {
      const { daemon, layer, hint, method, url } = refusal;
      const key = JSON.stringify([daemon, layer, hint, method, url]);
      const count = (known.get(key)?.count ?? 0) + 1;
      known.delete(key);
      known.set(key, { refusal, count });
      const oldest = known.keys().next().value;
      if (known.size > most && oldest !== undefined) known.delete(oldest);
    },
    list: () => [...known.values()].toReversed(),
  };
}
