import { createByteHistory } from './byte-history.ts';
import type { SecretFingerprint } from './fingerprint.ts';
import { createLineJoins } from './line-joins.ts';
import type { ScanTables } from './scan-tables.ts';
import { createPercentView, createUnwrappedView, type View } from './views.ts';
import { createWindowScanner } from './window-scanner.ts';

/** What the scanner says of the bytes pushed so far. */
export type ScanVerdict =
  | {
      readonly kind: 'clear';
      /** The last bytes may be the beginning of a secret: nothing of the push may be passed on yet. */
      readonly hold: boolean;
    }
  | ScanHit;

export interface ScanHit {
  readonly kind: 'found';
  /** The secret's name. */
  readonly label: string;
  readonly encoding: SecretFingerprint['encoding'];
}

/** Looks for known secrets in one stream of bytes, however it is cut into pieces. */
export interface Scanner {
  /**
   * Scans the next bytes.
   * INVARIANT: who passes bytes on only while the answer is `clear` without `hold` never passes on a whole secret.
   */
  push(bytes: Buffer): ScanVerdict;
  /** Ends the stream, or one message of it: what was held is no secret. Bytes pushed later start afresh. */
  end(): void;
}

const backslash = Buffer.from('\\');
const clear: ScanVerdict = { kind: 'clear', hold: false };
const held: ScanVerdict = { kind: 'clear', hold: true };

/**
 * A scanner that reads the stream as it is, percent-decoded, and without line ends. Linear in time; memory is
 * bounded by a few times the longest form of a secret.
 */
export function createScanner(tables: ScanTables): Scanner {
  if (tables.maxLength === 0) return { push: () => clear, end: () => {} };
  const plain = createWindowScanner(tables);
  const history = createByteHistory(tables.maxLength);
  const percent = createLazyView(createPercentView(), tables);
  const joined = createJoinedView(tables);
  return {
    push(bytes) {
      let found = plain.push(bytes);
      found ??= percent.push(bytes, history.last(tables.maxLength));
      found ??= joined.push(bytes, plain.suspected);
      if (found !== null) return { kind: 'found', label: found.label, encoding: found.encoding };
      history.append(bytes);
      return plain.pending || percent.pending || joined.pending ? held : clear;
    },
    end() {
      plain.reset();
      history.clear();
      percent.reset();
      joined.reset();
    },
  };
}

/**
 * The stream without its line ends. INVARIANT: a secret cut by line ends begins with a window that crosses
 * one, or with a window that the plain scan suspected and then let go; so from there on, and only from
 * there on, the view is run.
 */
function createJoinedView(tables: ScanTables) {
  const joins = createLineJoins(tables);
  const view = createUnwrappedView();
  const scanner = createWindowScanner(tables);
  let awake = false;
  const sleep = () => {
    awake = false;
    view.reset();
    scanner.reset();
  };
  return {
    push(bytes: Buffer, suspected: boolean): SecretFingerprint | null {
      const { before } = joins;
      const crossing = joins.push(bytes);
      if (!awake) {
        if (!crossing && !suspected) return null;
        awake = true;
        scanner.push(before.tail);
        if (before.afterBackslash) view.decode(backslash);
      }
      const found = scanner.push(view.decode(bytes));
      if (!scanner.pending) sleep();
      return found;
    },
    get pending(): boolean {
      return scanner.pending;
    },
    reset(): void {
      joins.reset();
      sleep();
    },
  };
}

interface LazyView {
  push(bytes: Buffer, before: Uint8Array): SecretFingerprint | null;
  readonly pending: boolean;
  reset(): void;
}

/** Runs a view from its first marker until no form of a secret could still hold one. */
function createLazyView(view: View, tables: ScanTables): LazyView {
  const scanner = createWindowScanner(tables);
  let awake = false;
  let sinceMarker = 0;
  const sleep = () => {
    awake = false;
    scanner.reset();
    view.reset();
  };
  return {
    push(bytes, before) {
      const marker = view.lastMarker(bytes);
      if (marker === -1 && !awake) return null;
      if (!awake) {
        awake = true;
        scanner.push(before);
      }
      const found = scanner.push(view.decode(bytes));
      sinceMarker = marker === -1 ? sinceMarker + bytes.length : bytes.length - marker;
      if (sinceMarker > tables.maxLength * 3 && !scanner.pending && !view.unfinished) sleep();
      return found;
    },
    get pending() {
      return scanner.pending;
    },
    reset: sleep,
  };
}
