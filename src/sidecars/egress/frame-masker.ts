import { Transform } from 'node:stream';
import { createMasker } from './masker.ts';

/**
 * Masks the payloads of the WebSocket frames a host sends (RFC 6455, 5.2); the frames keep their lengths.
 * A frame's end is never held back, for it may be what the guest waits for; what is cut by the border of two
 * frames is therefore not found. Frames must not be compressed: egress lets no extension through.
 */
export function createFrameMaskStream(patterns: readonly Buffer[]): Transform {
  const masker = createMasker(patterns);
  let head = Buffer.alloc(0);
  /** Bytes of the current frame's payload that are still to come. */
  let left = 0;

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const out: Buffer[] = [];
      for (let at = 0; at < chunk.length; ) {
        if (left > 0) {
          const payload = chunk.subarray(at, at + left);
          at += payload.length;
          left -= payload.length;
          out.push(masker.push(payload));
          if (left === 0) out.push(masker.flush());
        } else {
          head = Buffer.concat([head, chunk.subarray(at, at + 1)]);
          at += 1;
          const length = readPayloadLength(head);
          if (length === null) continue;
          out.push(head);
          head = Buffer.alloc(0);
          left = length;
        }
      }
      const bytes = Buffer.concat(out);
      done(null, bytes.length === 0 ? undefined : bytes);
    },
  });
}

/** The length that a frame's head states, or null while the head is not whole. */
function readPayloadLength(head: Buffer): number | null {
  if (head.length < 2) return null;
  // Only clients mask their frames, and what is masked cannot be searched; the top bit makes any length below wrong.
  const short = (head[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  if (short === 126) return head.length < 4 ? null : head.readUInt16BE(2);
  return head.length < 10 ? null : Number(head.readBigUInt64BE(2));
}
