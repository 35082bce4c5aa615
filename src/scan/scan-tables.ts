import type { SecretFingerprint } from './fingerprint.ts';
import { createLeavingTable, createRollingHash, type RollingHash } from './rolling-hash.ts';

/** All fingerprints of one window length, ready for one pass over the bytes. */
export interface WindowTable {
  readonly window: number;
  readonly hash: RollingHash;
  readonly leaving: Int32Array;
  /** A bit for each value of a hash's upper 16 bits, set where some fingerprint has them: almost every position ends here. */
  readonly filter: Int32Array;
  readonly byHash: ReadonlyMap<number, readonly SecretFingerprint[]>;
}

/** What scanners share: made once from a launch's fingerprints. */
export interface ScanTables {
  readonly windows: readonly WindowTable[];
  /** Length in bytes of the longest form that is looked for; 0 where there is none. */
  readonly maxLength: number;
}

/** Sorts fingerprints by window length and salt. */
export function createScanTables(fingerprints: readonly SecretFingerprint[]): ScanTables {
  const groups = Map.groupBy(fingerprints, ({ window, salt }) => `${window} ${salt}`);
  return {
    windows: [...groups.values()].map(toWindowTable),
    maxLength: fingerprints.reduce((longest, { length }) => Math.max(longest, length), 0),
  };
}

function toWindowTable(fingerprints: readonly SecretFingerprint[]): WindowTable {
  const { window = 1, salt = '' } = fingerprints[0] ?? {};
  const hash = createRollingHash(salt);
  const filter = new Int32Array(2048);
  for (const { rolling } of fingerprints) {
    const slot = rolling >>> 21;
    filter[slot] = (filter[slot] ?? 0) | (1 << ((rolling >>> 16) & 31));
  }
  return {
    window,
    hash,
    leaving: createLeavingTable(hash, window),
    filter,
    byHash: Map.groupBy(fingerprints, ({ rolling }) => rolling),
  };
}
