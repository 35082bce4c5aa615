/**
 * Another way to read the same stream: what a receiver would see after undoing an encoding that leaves most
 * bytes as they are. A view is only run near its markers, for elsewhere it equals the stream itself.
 */
export interface View {
  /** Where in `bytes` something that the view changes may last begin, or -1. */
  lastMarker(bytes: Buffer): number;
  /**
   * The next bytes as the view reads them. What an unfinished sequence at the end means is kept for later.
   */
  decode(bytes: Buffer): Buffer;
  /** Whether an unfinished sequence is kept. */
  readonly unfinished: boolean;
  reset(): void;
}

const percent = 0x25;
const backslash = 0x5c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** What JSON writes after a backslash for a line end: `n` and `r`. */
const escapedLineFeed = 0x6e;
const escapedCarriageReturn = 0x72;

const hexDigits = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Percent-decoding: `%41` is read as `A`; what is no such triple stays. */
export function createPercentView(): View {
  let held: Buffer = Buffer.alloc(0);
  return {
    lastMarker: (bytes) => bytes.lastIndexOf(percent),
    decode(bytes) {
      const source = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const out = Buffer.allocUnsafe(source.length);
      let size = 0;
      let from = 0;
      let at = source.indexOf(percent);
      while (at !== -1 && at + 2 < source.length) {
        const value = toByte(source[at + 1] as number, source[at + 2] as number);
        if (value >= 0) {
          size += source.copy(out, size, from, at);
          out[size++] = value;
          from = at + 3;
        }
        at = source.indexOf(percent, value >= 0 ? from : at + 1);
      }
      // A triple may end in the next bytes.
      const stop = at === -1 ? source.length : at;
      size += source.copy(out, size, from, stop);
      held = Buffer.from(source.subarray(stop));
      return out.subarray(0, size);
    },
    get unfinished() {
      return held.length > 0;
    },
    reset() {
      held = Buffer.alloc(0);
    },
  };
}

/** The byte that two hexadecimal digits mean, or a negative number. */
function toByte(high: number, low: number): number {
  return ((hexDigits[high] as number) << 4) | (hexDigits[low] as number);
}

/** Without line ends, bare or as JSON escapes them: tools wrap long base64 and hex. */
export function createUnwrappedView(): Pick<View, 'decode' | 'reset'> {
  let afterBackslash = false;
  return {
    decode(bytes) {
      const out = Buffer.allocUnsafe(bytes.length + 1);
      let size = 0;
      let index = 0;
      if (afterBackslash && bytes.length > 0) {
        if (isEscapedLineEnd(bytes[0] as number)) index = 1;
        else out[size++] = backslash;
        afterBackslash = false;
      }
      for (; index < bytes.length; index += 1) {
        const byte = bytes[index] as number;
        if (byte > backslash || (byte !== lineFeed && byte !== carriageReturn && byte !== backslash)) {
          out[size++] = byte;
        } else if (byte === backslash) {
          if (index + 1 === bytes.length) afterBackslash = true;
          else if (isEscapedLineEnd(bytes[index + 1] as number)) index += 1;
          else out[size++] = backslash;
        }
      }
      return out.subarray(0, size);
    },
    reset() {
      afterBackslash = false;
    },
  };
}

/** Whether a byte behind a backslash makes it a line end. */
export function isEscapedLineEnd(byte: number): boolean {
  return byte === escapedLineFeed || byte === escapedCarriageReturn;
}
