// Asks for names. input: { lookups: [name], queries: [{ server, protocol: 'udp' | 'tcp', name, type }] }: the first as
// programs do, the second straight to a server. Prints { lookups: [{ code, address, ms }], queries: [{ outcome,
// rcode, answers, ms }] }.
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';

const deadlineMs = 3000;
const types = { A: 1, TXT: 16 };

function toQuery({ name, type }) {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const head = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, types[type], 0, 1])]);
}

function toAnswer(bytes) {
  return { outcome: 'answered', rcode: bytes[3] & 0x0f, answers: bytes.readUInt16BE(6) };
}

function askUdp(query) {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end({ outcome: 'deadline' }), deadlineMs);
    const end = (result) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    socket.once('message', (bytes) => end(toAnswer(bytes)));
    socket.once('error', (error) => end({ outcome: 'error', code: error.code }));
    socket.send(toQuery(query), 53, query.server, (error) => {
      if (error) end({ outcome: 'error', code: error.code });
    });
  });
}

function askTcp(query) {
  return new Promise((resolve) => {
    const socket = connect({ host: query.server, port: 53 });
    const end = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(deadlineMs, () => end({ outcome: 'deadline' }));
    socket.once('error', (error) => end({ outcome: 'error', code: error.code }));
    socket.once('end', () => end({ outcome: 'closed' }));
    socket.on('data', (bytes) => end(toAnswer(bytes.subarray(2))));
    const bytes = toQuery(query);
    socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]));
  });
}

async function timed(work) {
  const start = performance.now();
  return { ...(await work()), ms: Math.round(performance.now() - start) };
}

const resolveName = async (name) => {
  try {
    return { code: '', address: (await lookup(name)).address };
  } catch (error) {
    return { code: error.code, address: '' };
  }
};
const lookups = [];
for (const name of input.lookups ?? []) lookups.push(await timed(() => resolveName(name)));
const queries = [];
for (const query of input.queries ?? []) {
  queries.push(await timed(() => (query.protocol === 'udp' ? askUdp(query) : askTcp(query))));
}
process.stdout.write(JSON.stringify({ lookups, queries }), () => process.exit(0));
