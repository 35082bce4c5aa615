/** A line without its end; `cut` where it was longer than the limit and only its beginning is given. */
export type OnLine = (line: Buffer, cut: boolean) => void;

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Gives what is left when the stream ends without a line end. */
  end(): void;
}

/** Splits bytes into lines, holding at most `maxBytes` of one; the rest of a longer line is dropped. */
export function createLineSplitter(maxBytes: number, onLine: OnLine): LineSplitter {
  let parts: Buffer[] = [];
  let size = 0;
  let cut = false;

  const collect = (piece: Buffer): void => {
    const room = maxBytes - size;
    if (piece.length > room) cut = true;
    const kept = piece.subarray(0, room);
    if (kept.length > 0) parts.push(kept);
    size += kept.length;
  };
  const flush = (): void => {
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
    const wasCut = cut;
    parts = [];
    size = 0;
    cut = false;
    if (line.length > 0) onLine(line, wasCut);
  };

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        collect(chunk.subarray(start, end));
        flush();
        start = end + 1;
      }
      if (start < chunk.length) collect(chunk.subarray(start));
    },
    end: flush,
  };
}
