const headBytes = 8;
const stderrKind = 2;

/** A piece of one of the two output streams that the engine sends over one connection. */
export interface FramePiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/**
 * Takes the engine's frames (eight bytes of head: kind, three zeros, length; then the payload) apart, in pieces as
 * they arrive: no frame is ever held whole.
 */
export function createFrameParser(): (chunk: Uint8Array) => readonly FramePiece[] {
  const head = Buffer.alloc(headBytes);
  let headFilled = 0;
  let left = 0;
  return (chunk) => {
    const pieces: FramePiece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const taken = chunk.subarray(at, at + headBytes - headFilled);
        head.set(taken, headFilled);
        headFilled += taken.length;
        at += taken.length;
        if (headFilled < headBytes) break;
        headFilled = 0;
        left = head.readUInt32BE(4);
        continue;
      }
      const bytes = chunk.subarray(at, at + left);
      pieces.push({ stream: head[0] === stderrKind ? 'stderr' : 'stdout', bytes });
      at += bytes.length;
      left -= bytes.length;
    }
    return pieces;
  };
}

/** The parser of a stream that is not framed: a terminal's. */
export function createRawParser(): (chunk: Uint8Array) => readonly FramePiece[] {
  return (bytes) => [{ stream: 'stdout', bytes }];
}
