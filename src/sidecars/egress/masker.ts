import { Transform } from 'node:stream';

/** Replaces what it looks for by asterisks of the same length, also where it is cut into chunks. */
export interface Masker {
  /** Takes bytes in, gives those out that can be no part of a pattern any more. */
  push(chunk: Buffer): Buffer;
  /** Gives out what was held back when nothing follows. */
  flush(): Buffer;
}

const asterisk = 0x2a;
const nothing = Buffer.alloc(0);

/**
 * Makes a masker. It holds back only a tail that is the beginning of a pattern, so an event that ends in a
 * line end passes at once.
 * @param patterns none of them empty
 */
export function createMasker(patterns: readonly Buffer[]): Masker {
  const longest = Math.max(0, ...patterns.map((pattern) => pattern.length));
  const startsPattern = new Uint8Array(256);
  for (const [first] of patterns) if (first !== undefined) startsPattern[first] = 1;
  /** Bytes as they came, that are not given out yet, and how many of them a match has reached already. */
  let held = nothing;
  let heldMasked = 0;

  return {
    push(chunk) {
      const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const matches = findMatches(data, patterns);
      const keep = countHeldBack(data);
      const out = data.length - keep;
      let masked = data;
      if (matches.length > 0 || heldMasked > 0) {
        masked = Buffer.from(data);
        masked.fill(asterisk, 0, heldMasked);
        for (const [start, end] of matches) masked.fill(asterisk, start, end);
      }
      // Matches that lie within what is held back are found again; those that only reach into it are not.
      let reached = heldMasked;
      for (const [start, end] of matches) if (start < out) reached = Math.max(reached, end);
      held = Buffer.from(data.subarray(out));
      heldMasked = Math.max(0, reached - out);
      return masked.subarray(0, out);
    },
    flush() {
      // A complete match inside what is held back was not given out yet.
      const rest = Buffer.from(held);
      rest.fill(asterisk, 0, heldMasked);
      for (const [start, end] of findMatches(held, patterns)) rest.fill(asterisk, start, end);
      held = nothing;
      heldMasked = 0;
      return rest;
    },
  };

  /** Length of the longest end of `data` that is the beginning of a pattern, but not a whole one. */
  function countHeldBack(data: Buffer): number {
    for (let start = Math.max(0, data.length - longest + 1); start < data.length; start++) {
      if (startsPattern[data[start] ?? 0] !== 1) continue;
      const length = data.length - start;
      const begins = (pattern: Buffer): boolean =>
        pattern.length > length && data.compare(pattern, 0, length, start) === 0;
      if (patterns.some(begins)) return length;
    }
    return 0;
  }
}

/** Masks a text, such as a header's value; its bytes are those of Latin-1, as Node reads headers. */
export function maskText(patterns: readonly Buffer[], text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const matches = findMatches(bytes, patterns);
  for (const [start, end] of matches) bytes.fill(asterisk, start, end);
  return matches.length === 0 ? text : bytes.toString('latin1');
}

/** A masker as a stream. */
export function createMaskStream(patterns: readonly Buffer[]): Transform {
  const masker = createMasker(patterns);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out = masker.push(chunk);
      done(null, out.length === 0 ? undefined : out);
    },
    flush(done) {
      const rest = masker.flush();
      done(null, rest.length === 0 ? undefined : rest);
    },
  });
}

/** Where patterns stand, overlapping ones included. */
function findMatches(data: Buffer, patterns: readonly Buffer[]): readonly (readonly [number, number])[] {
  const matches: (readonly [number, number])[] = [];
  for (const pattern of patterns) {
    for (let at = data.indexOf(pattern); at !== -1; at = data.indexOf(pattern, at + 1)) {
      matches.push([at, at + pattern.length]);
    }
  }
  return matches;
}
