/** The question of a DNS query; RFC 1035, 4.1. */
export interface DnsQuestion {
  readonly id: number;
  /** Of the whole first word of flags, to be echoed: opcode and "recursion desired". */
  readonly flags: number;
  /** Printable: what is no letter, digit, hyphen, underscore or dot is escaped as `\DDD`. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came, to be echoed. */
  readonly section: Buffer;
}

const headerBytes = 12;
const maxNameBytes = 255;

/** Reads a query; null for anything that is none: a response, no or several questions, a name that is cut or compressed. */
export function parseDnsQuestion(message: Buffer): DnsQuestion | null {
  if (message.length < headerBytes) return null;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0 || message.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    // Also refuses compression: nothing stands before a query's only name that it could point to.
    if (length === undefined || length > 63) return null;
    if (length === 0) break;
    const label = message.subarray(at + 1, at + 1 + length);
    if (label.length < length) return null;
    labels.push(toPrintable(label));
    at += 1 + length;
    if (at - headerBytes > maxNameBytes) return null;
  }
  const end = at + 5;
  if (message.length < end) return null;
  return {
    id: message.readUInt16BE(0),
    flags,
    name: labels.join('.') || '.',
    type: message.readUInt16BE(at + 1),
    section: message.subarray(headerBytes, end),
  };
}

/** An answer without records that refuses the question (RCODE 5). */
export function toRefusedAnswer({ id, flags, section }: DnsQuestion): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  // Response; opcode and "recursion desired" as asked; no recursion here; refused.
  header.writeUInt16BE(0x8000 | (flags & 0x7900) | 5, 2);
  header.writeUInt16BE(1, 4);
  return Buffer.concat([header, section]);
}

function toPrintable(label: Buffer): string {
  return label
    .toString('latin1')
    .replace(/[^A-Za-z0-9_-]/g, (char) => `\\${char.charCodeAt(0).toString().padStart(3, '0')}`);
}
