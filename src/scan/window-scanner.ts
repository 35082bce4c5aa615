import { type SecretFingerprint, toDigest } from './fingerprint.ts';
import type { ScanTables, WindowTable } from './scan-tables.ts';
import { hashWindow, toDataView, windowBytes } from './window-hash.ts';

/** Looks for fingerprints in one stream of bytes, taken as they are. */
export interface WindowScanner {
  /** Scans the next bytes; returns the fingerprint whose last byte was among them, or null. */
  push(bytes: Uint8Array): SecretFingerprint | null;
  /**
   * Whether a window that may begin a secret ended among the bytes pushed last, also where it turned out
   * to be none.
   */
  readonly suspected: boolean;
  /** Whether bytes pushed so far may be the beginning of a secret. */
  readonly pending: boolean;
  reset(): void;
}

interface Candidate {
  readonly fingerprint: SecretFingerprint;
  /** Counted from the stream's first byte. */
  readonly start: number;
}

/**
 * Linear in the bytes pushed; keeps of the past only one window, or what pending candidates need: never more
 * than the longest form.
 */
export function createWindowScanner(tables: ScanTables): WindowScanner {
  const context = windowBytes - 1;
  let kept: Uint8Array = Buffer.alloc(0);
  let keptStart = 0;
  let candidates: Candidate[] = [];
  let suspected = false;

  function push(bytes: Uint8Array): SecretFingerprint | null {
    const fresh = kept.length;
    const work = fresh === 0 ? bytes : Buffer.concat([kept, bytes]);
    const open: Candidate[] = [];
    for (const candidate of candidates) {
      const outcome = judge(candidate.fingerprint, work, candidate.start - keptStart);
      if (outcome === 'match') return candidate.fingerprint;
      if (outcome === 'open') open.push(candidate);
    }
    suspected = false;
    for (const table of tables.windows) {
      const outcome = scanWindow(table, work, fresh, keptStart, open);
      if (outcome === 'suspected') suspected = true;
      else if (outcome !== null) return outcome;
    }
    candidates = open;
    keep(work);
    return null;
  }

  function keep(work: Uint8Array): void {
    const earliest = candidates.reduce((least, { start }) => Math.min(least, start - keptStart), work.length);
    const from = Math.max(0, Math.min(earliest, work.length - context));
    kept = Buffer.from(work.subarray(from));
    keptStart += from;
  }

  return {
    push,
    get suspected() {
      return suspected;
    },
    get pending() {
      return candidates.length > 0;
    },
    reset() {
      kept = Buffer.alloc(0);
      keptStart = 0;
      candidates = [];
      suspected = false;
    },
  };
}

/** One pass over `work`: windows that end at `fresh` or later. Incomplete candidates are added to `open`. */
function scanWindow(
  { hash, filter, byHash }: WindowTable,
  work: Uint8Array,
  fresh: number,
  workStart: number,
  open: Candidate[],
): SecretFingerprint | 'suspected' | null {
  let suspected = false;
  const view = toDataView(work);
  const last = work.length - windowBytes;
  for (let start = Math.max(0, fresh - windowBytes + 1); start <= last; start += 1) {
    const value = hashWindow(hash, view, start);
    if ((((filter[value >>> 21] as number) >>> (value >>> 16)) & 1) === 0) continue;
    for (const fingerprint of byHash.get(value >>> 0) ?? []) {
      suspected = true;
      const outcome = judge(fingerprint, work, start);
      if (outcome === 'match') return fingerprint;
      if (outcome === 'open') open.push({ fingerprint, start: workStart + start });
    }
  }
  return suspected ? 'suspected' : null;
}

function judge(fingerprint: SecretFingerprint, work: Uint8Array, start: number): 'match' | 'open' | 'other' {
  const end = start + fingerprint.length;
  if (end > work.length) return 'open';
  return toDigest(fingerprint.salt, work.subarray(start, end)) === fingerprint.digest ? 'match' : 'other';
}
