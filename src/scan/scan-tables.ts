import type { SecretFingerprint } from './fingerprint.ts';
import { createWindowHash, type WindowHash, windowBytes } from './window-hash.ts';

/** All fingerprints of one salt, ready for one pass over the bytes. */
export interface WindowTable {
  readonly hash: WindowHash;
  /**
   * A bit for each value of a hash's upper 16 bits, set where some fingerprint has them: almost every
   * position ends here.
   */
  readonly filter: Int32Array;
  readonly byHash: ReadonlyMap<number, readonly SecretFingerprint[]>;
}

/** What scanners share: made once from a launch's fingerprints. */
export interface ScanTables {
  readonly windows: readonly WindowTable[];
  /** Length in bytes of the longest form that is looked for; 0 where there is none. */
  readonly maxLength: number;
}

/**
 * Sorts fingerprints by salt.
 * @throws Error when one is of another window than is looked for: it would never be found.
 */
export function createScanTables(fingerprints: readonly SecretFingerprint[]): ScanTables {
  if (fingerprints.some(({ window, length }) => window !== windowBytes || length < windowBytes)) {
    throw new Error(`a fingerprint is not of the first ${windowBytes} bytes`);
  }
  const groups = Map.groupBy(fingerprints, ({ salt }) => salt);
  return {
    windows: [...groups].map(([salt, group]) => toWindowTable(salt, group)),
    maxLength: fingerprints.reduce((longest, { length }) => Math.max(longest, length), 0),
  };
}

function toWindowTable(salt: string, fingerprints: readonly SecretFingerprint[]): WindowTable {
  const filter = new Int32Array(2048);
  for (const { rolling } of fingerprints) {
    const slot = rolling >>> 21;
    filter[slot] = (filter[slot] ?? 0) | (1 << ((rolling >>> 16) & 31));
  }
  return {
    hash: createWindowHash(salt),
    filter,
    byHash: Map.groupBy(fingerprints, ({ rolling }) => rolling),
  };
}
