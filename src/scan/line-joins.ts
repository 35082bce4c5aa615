import type { ScanTables } from './scan-tables.ts';
import { isEscapedLineEnd } from './views.ts';
import { hashWindow, toDataView, windowBytes } from './window-hash.ts';

/**
 * Watches the places where lines would join if there were no line ends: only there does such a view show
 * windows that the stream itself does not.
 */
export interface LineJoins {
  /** Reads the next bytes; returns whether a window across a line end may begin a secret. */
  push(bytes: Buffer): boolean;
  /**
   * What stands before the next bytes without line ends, as far as a window reaches, and whether a
   * backslash waits to be understood.
   */
  readonly before: { readonly tail: Buffer; readonly afterBackslash: boolean };
  reset(): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;

/** How far a window reaches over a line end. */
const reach = windowBytes - 1;

/**
 * Looks at no more than seven bytes before and behind each line end, bare or as JSON escapes it. Lines
 * that are left out are put together with others; a window that comes about by that is looked at for
 * nothing, and no harm.
 */
export function createLineJoins(tables: ScanTables): LineJoins {
  let scratch = Buffer.alloc(0);
  let size = 0;
  let afterBackslash = false;

  function append(bytes: Buffer, from: number, to: number): void {
    const firstEnd = to - from <= 2 * reach ? to : from + reach;
    for (let index = from; index < firstEnd; index += 1) scratch[size++] = bytes[index] as number;
    if (firstEnd === to) return;
    for (let index = to - reach; index < to; index += 1) scratch[size++] = bytes[index] as number;
  }

  return {
    push(bytes) {
      if (bytes.length === 0) return false;
      // What is left of the bytes before comes first.
      const grown =
        scratch.length < bytes.length + windowBytes
          ? Buffer.allocUnsafe(bytes.length * 2 + windowBytes)
          : scratch;
      const kept = Math.min(size, reach);
      scratch.copy(grown, 0, size - kept, size);
      scratch = grown;
      size = kept;
      let from = 0;
      if (afterBackslash) {
        if (isEscapedLineEnd(bytes[0] as number)) from = 1;
        else scratch[size++] = backslash;
        afterBackslash = false;
      }
      let feed = bytes.indexOf(lineFeed, from);
      let carriage = bytes.indexOf(carriageReturn, from);
      let escaped = findEscape(bytes, from);
      for (;;) {
        const end = least(least(feed, carriage), escaped);
        if (end === -1) break;
        append(bytes, from, end);
        if (end === escaped) {
          afterBackslash = end + 1 === bytes.length;
          from = Math.min(end + 2, bytes.length);
          escaped = findEscape(bytes, from);
        } else {
          from = end + 1;
          if (end === feed) feed = bytes.indexOf(lineFeed, from);
          else carriage = bytes.indexOf(carriageReturn, from);
        }
      }
      append(bytes, from, bytes.length);
      return hasWindow(tables, scratch.subarray(0, size));
    },
    get before() {
      return { tail: Buffer.from(scratch.subarray(Math.max(0, size - reach), size)), afterBackslash };
    },
    reset() {
      size = 0;
      afterBackslash = false;
    },
  };
}

/** Of two places, the one that comes first; -1 is none. */
function least(one: number, other: number): number {
  if (one === -1) return other;
  return other === -1 ? one : Math.min(one, other);
}

/** Where the next escaped line end begins, or what may turn out to be one with the next bytes; or -1. */
function findEscape(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(backslash, from); at !== -1; at = bytes.indexOf(backslash, at + 1)) {
    if (at + 1 === bytes.length || isEscapedLineEnd(bytes[at + 1] as number)) return at;
  }
  return -1;
}

function hasWindow(tables: ScanTables, bytes: Buffer): boolean {
  const view = toDataView(bytes);
  const last = bytes.length - windowBytes;
  return tables.windows.some(({ hash, filter, byHash }) => {
    for (let start = 0; start <= last; start += 1) {
      const value = hashWindow(hash, view, start);
      if ((((filter[value >>> 21] as number) >>> (value >>> 16)) & 1) !== 0 && byHash.has(value >>> 0))
        return true;
    }
    return false;
  });
}
