import type { ScanTables } from './scan-tables.ts';
import { createScanner, type ScanHit } from './scanner.ts';

/** A known secret and the line, from 1, on which it ends, or on which the bytes begin that it ends in. */
export interface SecretLine {
  readonly hit: ScanHit;
  readonly line: number;
}

/** Looks for known secrets in one object, and says on which lines. */
export interface SecretLines {
  /** Scans the next bytes; with `last` the object ends with them. */
  push(bytes: Buffer, last: boolean): readonly SecretLine[];
}

/** Of one object: who has seen that many knows enough, and each costs a second look. */
const mostHits = 20;

const none: readonly SecretLine[] = [];

/** Bytes without a secret are scanned once, and their lines only counted where more of the object follows. */
export function createSecretLines(tables: ScanTables): SecretLines {
  if (tables.maxLength === 0) return { push: () => none };
  const scanner = createScanner(tables);
  let lineEnds = 0;
  let hits = 0;

  /** Scans bytes that hold a secret once more, line by line. */
  function findLines(bytes: Buffer, first: ScanHit): readonly SecretLine[] {
    const again = createScanner(tables);
    const found: SecretLine[] = [];
    let line = lineEnds + 1;
    for (let from = 0; from < bytes.length && hits < mostHits; line += 1) {
      const lineEnd = bytes.indexOf(0x0a, from);
      const to = lineEnd === -1 ? bytes.length : lineEnd + 1;
      const verdict = again.push(bytes.subarray(from, to));
      from = to;
      if (verdict.kind !== 'found') continue;
      again.end();
      hits += 1;
      found.push({ hit: verdict, line });
    }
    // What the first look saw is told of in any case: it began in the bytes before these.
    return found.length > 0 ? found : [{ hit: first, line: lineEnds + 1 }];
  }

  return {
    push(bytes, last) {
      const verdict = hits < mostHits ? scanner.push(bytes) : null;
      const found = verdict?.kind === 'found' ? findLines(bytes, verdict) : none;
      if (last) {
        scanner.end();
        lineEnds = 0;
        hits = 0;
        return found;
      }
      if (found.length > 0) scanner.end();
      for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lineEnds += 1;
      return found;
    },
  };
}
