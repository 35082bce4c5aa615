// Opens a WebSocket through the proxy and sends each of input.messages, a list of fragments each.
// input: { proxy: { host, port }, connect: 'host:port', path, messages: string[][] }.
// Prints { status, headers, body, texts, closeCode, outcome }; it ends when every fragment came back, or the peer closed.
import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

const result = { status: 0, headers: '', body: '', texts: [], closeCode: null, outcome: 'closed' };

function toFrame(text, isFirst, isLast) {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const head = [(isLast ? 0x80 : 0) | (isFirst ? 1 : 0)];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else head.push(0x80 | 126, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([Buffer.from(head), mask, payload.map((byte, index) => byte ^ mask[index % 4])]);
}

function until(stream, test) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const timer = setTimeout(() => end('deadline'), 6000);
    const end = (outcome) => {
      clearTimeout(timer);
      stream.removeListener('data', onData);
      resolve({ outcome, bytes });
    };
    const onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (test(bytes)) end('answered');
    };
    stream.on('data', onData);
    stream.once('end', () => end('closed'));
    stream.once('error', (error) => (bytes.length > 0 ? end('closed') : reject(error)));
  });
}

/** Whole frames of the peer: unmasked, up to 64 KiB. */
function parseFrames(bytes) {
  const frames = [];
  for (let offset = 0; offset + 2 <= bytes.length; ) {
    const short = bytes[offset + 1] & 0x7f;
    const start = offset + (short === 126 ? 4 : 2);
    const length = short === 126 ? bytes.readUInt16BE(offset + 2) : short;
    if (start + length > bytes.length) break;
    frames.push({ opcode: bytes[offset] & 0x0f, payload: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return frames;
}

async function run() {
  const socket = connectTcp({ ...input.proxy, noDelay: true });
  socket.write(`CONNECT ${input.connect} HTTP/1.1\r\nHost: ${input.connect}\r\n\r\n`);
  const tunnel = await until(socket, (bytes) => bytes.includes('\r\n\r\n'));
  if (!tunnel.bytes.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error('no tunnel');
  const servername = input.connect.split(':')[0];
  const stream = connectTls({ socket, servername, ALPNProtocols: ['http/1.1'] });
  await new Promise((resolve, reject) => stream.once('secureConnect', resolve).once('error', reject));
  const key = randomBytes(16).toString('base64');
  stream.write(
    `GET ${input.path} HTTP/1.1\r\nHost: ${servername}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const head = await until(stream, (bytes) => bytes.includes('\r\n\r\n'));
  const [first, ...rest] = head.bytes.toString('utf8').split('\r\n\r\n');
  result.status = Number(first.split(' ')[1]);
  result.headers = first;
  result.body = rest.join('\r\n\r\n');
  if (result.status !== 101) return;
  const frames = until(stream, (bytes) => {
    const seen = parseFrames(bytes);
    return seen.length >= input.messages.flat().length || seen.some((frame) => frame.opcode === 8);
  });
  for (const fragments of input.messages) {
    for (const [index, text] of fragments.entries()) {
      stream.write(toFrame(text, index === 0, index === fragments.length - 1));
    }
  }
  const answer = await frames;
  result.outcome = answer.outcome;
  for (const { opcode, payload } of parseFrames(answer.bytes)) {
    if (opcode === 1) result.texts.push(payload.toString('utf8'));
    if (opcode === 8 && payload.length >= 2) result.closeCode = payload.readUInt16BE(0);
  }
}

try {
  await run();
} catch (error) {
  result.outcome = `error: ${error.code ?? error.message}`;
}
process.stdout.write(JSON.stringify(result), () => process.exit(0));
