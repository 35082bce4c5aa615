// A DNS server that answers every question and prints each: what arrives here has left the engine.
//
// A program without packages, run by bare Node inside the hermetic engine's network namespace.
// usage: logging-resolver.ts ADDRESS...
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** One line that the server prints. */
export interface ResolverEvent {
  readonly event: 'ready' | 'query';
  readonly name?: string;
  readonly type?: 'A' | 'AAAA' | 'TXT' | 'other';
  readonly transport?: 'udp' | 'tcp';
  /** The address it was sent to. */
  readonly server?: string;
}

const typeNames: Readonly<Record<number, ResolverEvent['type']>> = { 1: 'A', 16: 'TXT', 28: 'AAAA' };
const headerBytes = 12;

function print(event: ResolverEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** Prints the question and makes the answer: 192.0.2.7 to A, the text `reached` to TXT, no record to the rest. */
function answer(query: Buffer, transport: 'udp' | 'tcp', server: string): Buffer {
  const labels: string[] = [];
  let offset = headerBytes;
  for (let length = query.readUInt8(offset); length > 0; length = query.readUInt8(offset)) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  const questionEnd = offset + 5;
  const type = typeNames[query.readUInt16BE(offset + 1)] ?? 'other';
  print({ event: 'query', name: labels.join('.').toLowerCase(), type, transport, server });

  const text = Buffer.from('reached');
  const data =
    type === 'A'
      ? Buffer.from([192, 0, 2, 7])
      : type === 'TXT'
        ? Buffer.concat([Buffer.of(text.length), text])
        : null;
  const header = Buffer.from(query.subarray(0, headerBytes));
  header.writeUInt16BE(0x8180, 2); // a response, recursion available, no error
  header.writeUInt16BE(data === null ? 0 : 1, 6);
  header.writeUInt32BE(0, 8);
  const parts = [header, query.subarray(headerBytes, questionEnd)];
  if (data !== null) {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    query.copy(record, 2, offset + 1, questionEnd);
    record.writeUInt16BE(data.length, 10);
    parts.push(record, data);
  }
  return Buffer.concat(parts);
}

async function serve(address: string): Promise<void> {
  const udp = createSocket('udp4');
  udp.on('message', (query, peer) => udp.send(answer(query, 'udp', address), peer.port, peer.address));
  const tcp = createServer((socket) => {
    let seen = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < 2 || seen.length < 2 + seen.readUInt16BE(0)) return;
      const response = answer(seen.subarray(2), 'tcp', address);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      socket.end(Buffer.concat([length, response]));
    });
  });
  await new Promise<void>((resolve) => udp.bind(53, address, resolve));
  await new Promise<void>((resolve) => tcp.listen(53, address, resolve));
}

await Promise.all(process.argv.slice(2).map(serve));
print({ event: 'ready' });
