import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateSync } from 'node:zlib';
import { toPktLine } from '../../../../src/sidecars/git-gate/request/pkt-line.ts';

/** Sends bytes to a port and gives all that comes back until the other side ends or cuts the connection. */
export async function sendBytes(port: number, bytes: Uint8Array, end = true): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(bytes);
  if (end) socket.end();
  socket.once('end', () => socket.end());
  await closed;
  return Buffer.concat(chunks).toString('utf8');
}

/** The bytes of a push that creates one ref, without waiting for what the server has. */
export function toPushBytes(path: string, ref: string, id: string, pack: Uint8Array): Buffer {
  return Buffer.concat([
    toPktLine(`git-receive-pack ${path}\0host=gate\0`),
    toPktLine(`${'0'.repeat(40)} ${id} ${ref}\0report-status side-band-64k agent=test`),
    Buffer.from('0000'),
    pack,
  ]);
}

/** An object of a pack, or a delta against the object so many places before it. */
export type PackEntry =
  | { readonly type: 1 | 2 | 3; readonly body: Uint8Array }
  | { readonly back: number; readonly delta: Uint8Array };

/** A pack with its header and checksum; what the entries say is not looked at. */
export function toPack(entries: readonly PackEntry[]): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(entries.length, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let offset = header.length;
  for (const [index, entry] of entries.entries()) {
    offsets.push(offset);
    const part =
      'type' in entry
        ? Buffer.concat([toEntryHeader(entry.type, entry.body.length), deflateSync(entry.body)])
        : Buffer.concat([
            toEntryHeader(6, entry.delta.length),
            toOffset(offset - (offsets[index - entry.back] ?? 0)),
            deflateSync(entry.delta),
          ]);
    parts.push(part);
    offset += part.length;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** A delta whose result is the first `length` bytes of its base, so many times. */
export function toCopyDelta(baseLength: number, length: number, times: number): Buffer {
  const copy = Buffer.from([0b1011_0000, length & 0xff, (length >> 8) & 0xff]);
  return Buffer.concat([toSize(baseLength), toSize(length * times), ...new Array<Buffer>(times).fill(copy)]);
}

/** The id that git gives to an object. */
export function toObjectId(type: 'commit' | 'tree' | 'blob', body: Uint8Array): string {
  return createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
}

function toEntryHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 0x0f)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function toSize(size: number): Buffer {
  const bytes = [size & 0x7f];
  for (let rest = Math.floor(size / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function toOffset(distance: number): Buffer {
  const bytes = [distance & 0x7f];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift((rest & 0x7f) | 0x80);
  }
  return Buffer.from(bytes);
}
