/** What becomes of one object that was asked for. */
export interface ObjectReceiver {
  /**
   * Its type and its size in bytes, before any of its content.
   * INVARIANT: an object that is larger than allowed is refused here, before its content is taken in.
   */
  begin(type: string, size: number): void;
  /** Its content, whole up to 64 KiB and else in pieces; `last` ends it. */
  push(bytes: Buffer, last: boolean): void;
}

/** Whose object comes next. */
export interface AnswerQueue {
  /** @throws Error when none was asked for. */
  take(): { readonly id: string; readonly receiver: ObjectReceiver };
}

/** Objects up to this size come in one piece. */
const wholeBytes = 64 * 1024;

const lineFeed = 0x0a;

/** `<id> <type> <size>`: far more than it can be. */
const maxHeaderBytes = 256;

/**
 * Reads what `git cat-file --batch` writes: `<id> <type> <size>`, a line end, the content, a line end.
 * Keeps at most one piece.
 * @returns a function that takes the next bytes and throws an Error where they are anything else or an
 *   object is missing.
 */
export function createAnswerParser(queue: AnswerQueue): { push(chunk: Buffer): void; end(): void } {
  let rest: Buffer = Buffer.alloc(0);
  let receiver: ObjectReceiver | null = null;
  let remaining = 0;

  /** Reads on from `at`; returns up to where it got. */
  function step(bytes: Buffer, at: number): number {
    if (receiver === null) {
      const lineEnd = bytes.indexOf(lineFeed, at);
      if (lineEnd === -1) {
        if (bytes.length - at > maxHeaderBytes) throw new Error('git cat-file wrote a line that is none');
        return at;
      }
      const { id, receiver: next } = queue.take();
      const { type, size } = parseHeader(bytes.toString('latin1', at, lineEnd), id);
      next.begin(type, size);
      receiver = next;
      remaining = size;
      return lineEnd + 1;
    }
    const present = bytes.length - at;
    if (present > remaining) {
      if (bytes[at + remaining] !== lineFeed) throw new Error('git cat-file wrote more than an object has');
      const end = at + remaining;
      receiver.push(bytes.subarray(at, end), true);
      receiver = null;
      return end + 1;
    }
    // With the line end still to come, the last byte waits, so that there is a last piece.
    if (remaining > wholeBytes && present > 1) {
      const end = at + present - 1;
      receiver.push(bytes.subarray(at, end), false);
      remaining -= present - 1;
      return end;
    }
    return at;
  }

  return {
    push(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (at < bytes.length) {
        const next = step(bytes, at);
        if (next === at) break;
        at = next;
      }
      rest = bytes.subarray(at);
    },
    end() {
      if (rest.length > 0 || receiver !== null) throw new Error('git cat-file ended within an object');
    },
  };
}

function parseHeader(header: string, id: string): { readonly type: string; readonly size: number } {
  const [found, type = '', size = ''] = header.split(' ');
  if (found !== id) throw new Error('git cat-file answered something that was not asked');
  // Of an object that is not there git writes `<id> missing`.
  if (!/^\d{1,15}$/.test(size)) throw new Error(`the object ${id} is missing`);
  return { type, size: Number(size) };
}
