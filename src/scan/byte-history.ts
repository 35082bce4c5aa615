/** The last bytes of a stream, at least `capacity` of them once that many were appended. */
export interface ByteHistory {
  append(bytes: Uint8Array): void;
  /** The newest bytes, at most `count`; valid until the next append. */
  last(count: number): Uint8Array;
  clear(): void;
}

/** Keeps the newest `capacity` bytes; appending costs amortised constant time a byte. */
export function createByteHistory(capacity: number): ByteHistory {
  let buffer = Buffer.alloc(0);
  let end = 0;
  return {
    append(bytes) {
      const kept = bytes.length > capacity ? bytes.subarray(bytes.length - capacity) : bytes;
      if (end + kept.length > buffer.length) {
        const grown = buffer.length < capacity * 2 ? Buffer.allocUnsafe(capacity * 2) : buffer;
        const keep = Math.min(end, capacity);
        buffer.copy(grown, 0, end - keep, end);
        buffer = grown;
        end = keep;
      }
      buffer.set(kept, end);
      end += kept.length;
    },
    last(count) {
      return buffer.subarray(Math.max(0, end - count), end);
    },
    clear() {
      end = 0;
    },
  };
}
