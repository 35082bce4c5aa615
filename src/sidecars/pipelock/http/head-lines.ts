/** Bounds of a message's head. */
export interface HeadLimits {
  /** All lines together, with their line ends. */
  readonly maxBytes: number;
  readonly maxFirstLineBytes: number;
  /** Lines behind the first. */
  readonly maxFields: number;
  /** Whether the empty line may come first: trailers may be none, a head has a first line. */
  readonly mayBeEmpty?: boolean;
}

export type HeadStep =
  | { readonly kind: 'more' }
  /** `rest` are the bytes behind the empty line. */
  | { readonly kind: 'done'; readonly lines: readonly string[]; readonly rest: Buffer }
  | Malformed;

/** A message that is refused, not repaired. The reason is a clause for a sentence, without a byte of the message. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: string;
}

export function malformed(reason: string): Malformed {
  return { kind: 'malformed', reason };
}

/** Cuts a head into lines as its bytes come in, so that a bad line is refused without waiting for the rest. */
export interface HeadLines {
  push(bytes: Buffer): HeadStep;
  /** Whether some of a head has come in already. */
  readonly started: boolean;
}

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const deleteCharacter = 0x7f;

/**
 * SECURITY: RFC 9112's grammar without its leniency: lines end in CRLF only, there are no control characters, no
 * empty line before the first, no folded line. `checkLine` says why a complete line is refused, or null.
 */
export function createHeadLines(
  limits: HeadLimits,
  checkLine: (line: string, index: number) => string | null,
): HeadLines {
  const lines: string[] = [];
  let partial: Buffer = Buffer.alloc(0);
  let size = 0;

  function push(bytes: Buffer): HeadStep {
    let lineStart = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      const before = index > 0 ? bytes[index - 1] : partial.at(-1);
      size += 1;
      if (size > limits.maxBytes) return malformed(`its head is larger than ${limits.maxBytes} bytes`);
      if (before === carriageReturn && byte !== lineFeed) return malformed('it has a bare carriage return');
      if (byte === lineFeed) {
        if (before !== carriageReturn) return malformed('it has a bare line feed');
        const line = Buffer.concat([partial, bytes.subarray(lineStart, index + 1)])
          .toString('latin1')
          .slice(0, -2);
        partial = Buffer.alloc(0);
        lineStart = index + 1;
        if (line === '' && (lines.length > 0 || limits.mayBeEmpty === true)) {
          return { kind: 'done', lines, rest: bytes.subarray(lineStart) };
        }
        const refusal = judge(line);
        if (refusal !== null) return malformed(refusal);
        lines.push(line);
      } else if (byte < space ? byte !== tab && byte !== carriageReturn : byte === deleteCharacter) {
        return malformed('it has a control character in its head');
      }
    }
    partial = Buffer.concat([partial, bytes.subarray(lineStart)]);
    if (lines.length === 0 && partial.length > limits.maxFirstLineBytes) return malformed(tooLong());
    return { kind: 'more' };
  }

  function judge(line: string): string | null {
    if (line === '') return 'it begins with an empty line';
    if (lines.length === 0 && line.length > limits.maxFirstLineBytes) return tooLong();
    if (lines.length > limits.maxFields) return `it has more than ${limits.maxFields} header fields`;
    return checkLine(line, lines.length);
  }

  function tooLong(): string {
    return `its first line is longer than ${limits.maxFirstLineBytes} bytes`;
  }

  return {
    push,
    get started() {
      return size > 0;
    },
  };
}
