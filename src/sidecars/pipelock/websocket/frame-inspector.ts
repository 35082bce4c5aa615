import type { ScanTables } from '../../../scan/scan-tables.ts';
import { createScanner, type Scanner } from '../../../scan/scanner.ts';
import { type Refusal, refuseMalformed, refuseSecret } from '../exchange/refusal.ts';
import type { Inspection } from '../inspection/body-inspector.ts';
import { type FrameHeader, parseFrameHeader } from './frame-header.ts';

/** Scans the frames that the guest sends; what may be the beginning of a secret stays here. */
export interface FrameInspector {
  push(bytes: Buffer): Inspection;
}

/**
 * Scans the unmasked payload of messages across their frames, and across messages; of control frames as well.
 * INVARIANT: bytes are passed on only while no secret may have begun in them, or at the end of a message, which the guest's
 * next message continues for the scan: a whole secret never leaves.
 */
export function createFrameInspector(tables: ScanTables, maxMessageBytes: number): FrameInspector {
  const messages = createScanner(tables);
  const controls = createScanner(tables);
  let headerBytes: Buffer = Buffer.alloc(0);
  let frame: FrameHeader | null = null;
  let read = 0;
  let messageBytes = 0;
  let inMessage = false;
  let holdMessage = false;
  let holdControl = false;
  let held: Buffer[] = [];

  function push(bytes: Buffer): Inspection {
    let at = 0;
    while (at < bytes.length || (frame !== null && read === frame.payloadLength)) {
      const step = frame === null ? readHeader(bytes.subarray(at)) : readPayload(frame, bytes.subarray(at));
      if (typeof step !== 'number') return step;
      if (step > 0) held.push(bytes.subarray(at, at + step));
      at += step;
    }
    if (holdMessage || holdControl) return { kind: 'pass', bytes: [] };
    const passed = held;
    held = [];
    return { kind: 'pass', bytes: passed };
  }

  /** Returns how many bytes it took. */
  function readHeader(bytes: Buffer): number | Refusal {
    const before = headerBytes.length;
    headerBytes = Buffer.concat([headerBytes, bytes.subarray(0, 14)]);
    const header = parseFrameHeader(headerBytes);
    if (header === null) return Math.min(bytes.length, 14);
    if (header.kind === 'malformed') return refuseMalformed(header.reason);
    headerBytes = Buffer.alloc(0);
    if (!header.control) {
      if (header.continuation !== inMessage) return refuseMalformed('its WebSocket messages are interleaved');
      messageBytes = (inMessage ? messageBytes : 0) + header.payloadLength;
      if (messageBytes > maxMessageBytes)
        return refuseMalformed(`a WebSocket message is larger than ${maxMessageBytes} bytes`);
      inMessage = !header.final;
    }
    frame = header;
    read = 0;
    return header.size - before;
  }

  function readPayload(header: FrameHeader, bytes: Buffer): number | Refusal {
    const taken = Math.min(bytes.length, header.payloadLength - read);
    if (taken > 0) {
      const plain = unmask(bytes.subarray(0, taken), header.mask, read);
      const verdict = toScanner(header).push(plain);
      if (verdict.kind === 'found') return refuseSecret('frame', verdict);
      if (header.control) holdControl = verdict.hold;
      else holdMessage = verdict.hold;
      read += taken;
    }
    if (read === header.payloadLength) {
      // A control frame may stand inside a message; only the message's own end releases what the message holds.
      if (header.control) holdControl = false;
      else if (header.final) holdMessage = false;
      frame = null;
    }
    return taken;
  }

  function toScanner(header: FrameHeader): Scanner {
    return header.control ? controls : messages;
  }

  return { push };
}

function unmask(bytes: Buffer, mask: Buffer, offset: number): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    plain[index] = (bytes[index] as number) ^ (mask[(offset + index) & 3] as number);
  }
  return plain;
}
