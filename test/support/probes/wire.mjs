// Speaks to the proxy byte by byte. input: { proxy: { host, port }, exchanges: [{ connect?: 'host:port',
// tls?: { servername }, write: [string], responses?: number }] }, each on a connection of its own.
// Prints [{ outcome: 'answered' | 'closed' | 'deadline' | 'error', code, connect, responses, ms }].
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

const deadlineMs = 6000;

/** Takes one whole response off the front of the bytes, or returns null until there is one. */
function takeResponse(bytes, ended) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [statusLine, ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const rest = bytes.subarray(headEnd + 4);
  if (status === 204 || status === 304 || status < 200)
    return { response: { status, headers, body: '' }, rest };
  if (headers['transfer-encoding'] === 'chunked') return takeChunked(status, headers, rest);
  const length = headers['content-length'] === undefined ? null : Number(headers['content-length']);
  if (length === null && !ended) return null;
  if (length !== null && rest.length < length) return null;
  const end = length ?? rest.length;
  return {
    response: { status, headers, body: rest.subarray(0, end).toString('utf8') },
    rest: rest.subarray(end),
  };
}

function takeChunked(status, headers, rest) {
  const parts = [];
  for (let offset = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', offset);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(rest.subarray(offset, lineEnd).toString('latin1'), 16);
    const end = lineEnd + 2 + size;
    if (rest.length < end + 2) return null;
    parts.push(rest.subarray(lineEnd + 2, end));
    offset = end + 2;
    if (size === 0) {
      return {
        response: { status, headers, body: Buffer.concat(parts).toString('utf8') },
        rest: rest.subarray(offset),
      };
    }
  }
}

/** Collects `count` responses, until the peer ends or the deadline. */
function readResponses(stream, count, isTunnel) {
  return new Promise((resolve, reject) => {
    const responses = [];
    let bytes = Buffer.alloc(0);
    const take = (ended) => {
      for (;;) {
        // The answer to a CONNECT that succeeded has no body: what follows is the tunnel.
        if (isTunnel && /^HTTP\/1\.1 200 .*\r\n\r\n$/s.test(bytes.toString('latin1'))) {
          resolve({ outcome: 'answered', responses: [{ status: 200, headers: {}, body: '' }] });
          return;
        }
        const taken = takeResponse(bytes, ended);
        if (taken === null) return;
        responses.push(taken.response);
        bytes = taken.rest;
        if (responses.length === count) {
          resolve({ outcome: 'answered', responses });
          return;
        }
      }
    };
    const timer = setTimeout(() => resolve({ outcome: 'deadline', responses }), deadlineMs);
    timer.unref();
    stream.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      take(false);
    });
    stream.once('end', () => {
      take(true);
      resolve({ outcome: 'closed', responses });
    });
    stream.once('error', (error) =>
      responses.length > 0 ? resolve({ outcome: 'closed', responses }) : reject(error),
    );
  });
}

async function openTunnel(socket, authority, result) {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const answer = await readResponses(socket, 1, true);
  result.outcome = answer.outcome;
  result.connect = answer.responses[0] ?? null;
  socket.removeAllListeners('data');
  return result.connect?.status === 200;
}

async function startTls(socket, { servername }) {
  const stream = connectTls({ socket, servername, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    stream.once('secureConnect', resolve).once('error', reject);
    stream.once('close', () => reject(Object.assign(new Error('closed'), { code: 'CLOSED' })));
  });
  return stream;
}

async function speak({ connect, tls, write, responses }, result) {
  const socket = connectTcp({ ...input.proxy, noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  if (connect !== undefined && !(await openTunnel(socket, connect, result))) return;
  const stream = tls === undefined ? socket : await startTls(socket, tls);
  const answers = readResponses(stream, responses ?? 1, false);
  for (const part of write) {
    // A proxy that refuses before it read everything closes: its answer counts, not the broken pipe.
    await new Promise((resolve) => stream.write(Buffer.from(part, 'latin1'), resolve));
  }
  Object.assign(result, await answers);
  socket.destroy();
}

async function exchange(said) {
  const start = performance.now();
  const result = { outcome: 'closed', code: '', connect: null, responses: [] };
  try {
    await speak(said, result);
  } catch (error) {
    result.outcome = 'error';
    result.code = error.code ?? error.message;
  }
  return { ...result, ms: Math.round(performance.now() - start) };
}

const results = [];
for (const said of input.exchanges) results.push(await exchange(said));
process.stdout.write(JSON.stringify(results), () => process.exit(0));
