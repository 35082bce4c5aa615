import { type Malformed, malformed } from '../http/head-lines.ts';

/** What stands in front of a frame's payload; RFC 6455, 5.2. */
export interface FrameHeader {
  readonly kind: 'header';
  readonly final: boolean;
  readonly control: boolean;
  readonly continuation: boolean;
  readonly mask: Buffer;
  readonly payloadLength: number;
  /** Of the header itself, in bytes. */
  readonly size: number;
}

const maxControlPayload = 125;
const dataOpcodes = new Set([0x0, 0x1, 0x2]);
const controlOpcodes = new Set([0x8, 0x9, 0xa]);

/**
 * Reads the header of a frame that the guest sent, or null where `bytes` do not hold all of it yet.
 * SECURITY: reserved bits mean an extension, and none was agreed on: such a payload could not be scanned.
 */
export function parseFrameHeader(bytes: Buffer): FrameHeader | Malformed | null {
  const [first, second] = bytes;
  if (first === undefined) return null;
  const opcode = first & 0x0f;
  const control = controlOpcodes.has(opcode);
  if ((first & 0x70) !== 0) return malformed('a WebSocket frame has a reserved bit set');
  if (!control && !dataOpcodes.has(opcode)) return malformed('a WebSocket frame is of an unknown kind');
  const final = (first & 0x80) !== 0;
  if (control && !final) return malformed('a WebSocket control frame is in pieces');
  if (second === undefined) return null;
  if ((second & 0x80) === 0) return malformed('a WebSocket frame of the guest is not masked');
  const short = second & 0x7f;
  if (control && short > maxControlPayload) return malformed('a WebSocket control frame is too long');
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const size = 2 + lengthBytes + 4;
  if (bytes.length < size) return null;
  const payloadLength = toLength(bytes, short);
  if (payloadLength === null) return malformed('a WebSocket frame has a malformed length');
  const mask = Buffer.from(bytes.subarray(size - 4, size));
  return { kind: 'header', final, control, continuation: opcode === 0, mask, payloadLength, size };
}

/** The length in its shortest form, as RFC 6455 wants it; null otherwise. */
function toLength(bytes: Buffer, short: number): number | null {
  if (short < 126) return short;
  if (short === 126) {
    const length = bytes.readUInt16BE(2);
    return length < 126 ? null : length;
  }
  const length = bytes.readBigUInt64BE(2);
  return length < 65_536n || length > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(length);
}
