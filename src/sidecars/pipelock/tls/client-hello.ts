import { type Malformed, malformed } from '../http/head-lines.ts';

export type ClientHelloStep =
  | { readonly kind: 'more' }
  /** `serverName` is what the SNI extension says, as written; null where there is none. */
  | { readonly kind: 'hello'; readonly serverName: string | null }
  | Malformed;

const maxHelloBytes = 64 * 1024;
const maxRecordBytes = 16_384;
const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const hostNameType = 0;

const notTls = malformed('what was sent in it is not TLS');
const badHello = malformed('its TLS greeting is malformed');
const more = { kind: 'more' } as const;

/**
 * Reads the first message of a TLS connection from all bytes that came so far (RFC 8446, 4.1.2 and 5.1). It may be cut
 * into records, and those into packets, at any place.
 */
export function parseClientHello(bytes: Buffer): ClientHelloStep {
  const fragments: Buffer[] = [];
  let at = 0;
  let collected = 0;
  let needed = 4;
  while (collected < needed) {
    if (bytes.length > at && bytes[at] !== handshakeRecord) return notTls;
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return notTls;
    if (bytes.length < at + recordHeaderBytes) return bytes.length > maxHelloBytes ? badHello : more;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > maxRecordBytes) return badHello;
    const fragment = bytes.subarray(at + recordHeaderBytes, at + recordHeaderBytes + length);
    fragments.push(fragment);
    collected += fragment.length;
    at += recordHeaderBytes + length;
    if (collected >= 4 && needed === 4) {
      const header = Buffer.concat(fragments);
      if (header[0] !== clientHello) return badHello;
      needed = 4 + header.readUIntBE(1, 3);
      if (needed > maxHelloBytes) return badHello;
    }
    if (fragment.length < length && collected < needed) return more;
  }
  return readHello(Buffer.concat(fragments).subarray(4, needed));
}

function readHello(hello: Buffer): ClientHelloStep {
  const reader = createReader(hello);
  reader.skip(2 + 32);
  reader.take(1);
  reader.take(2);
  reader.take(1);
  if (reader.failed) return badHello;
  if (reader.left === 0) return { kind: 'hello', serverName: null };
  const extensions = createReader(reader.take(2));
  let serverName: string | null = null;
  const seen = new Set<number>();
  while (extensions.left > 0 && !extensions.failed) {
    const type = extensions.number();
    const data = extensions.take(2);
    if (seen.has(type)) return badHello;
    seen.add(type);
    if (type !== serverNameExtension) continue;
    serverName = readServerName(data);
    if (serverName === null) return badHello;
  }
  return extensions.failed || reader.failed || reader.left > 0 ? badHello : { kind: 'hello', serverName };
}

/** SECURITY: exactly one name, of the only type there is: with two, each reader could choose another. */
function readServerName(data: Buffer): string | null {
  const outer = createReader(data);
  const list = createReader(outer.take(2));
  const type = list.byte();
  const name = list.take(2);
  if (outer.failed || list.failed || outer.left > 0 || list.left > 0) return null;
  return type === hostNameType && name.length > 0 ? name.toString('latin1') : null;
}

/** Reads length-prefixed vectors; once something is missing all it returns is empty. */
function createReader(bytes: Buffer) {
  let at = 0;
  let failed = false;
  const skip = (count: number): Buffer => {
    if (at + count > bytes.length) failed = true;
    if (failed) return Buffer.alloc(count);
    at += count;
    return bytes.subarray(at - count, at);
  };
  return {
    skip,
    byte: () => skip(1).readUInt8(0),
    number: () => skip(2).readUInt16BE(0),
    /** A vector behind its length of so many bytes. */
    take(lengthBytes: number): Buffer {
      const length = skip(lengthBytes).readUIntBE(0, lengthBytes);
      return failed ? Buffer.alloc(0) : skip(length);
    },
    get left() {
      return bytes.length - at;
    },
    get failed() {
      return failed;
    },
  };
}
