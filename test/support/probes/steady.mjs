// Sends one request after the other on one connection, through a tunnel of the proxy that the environment names, until the
// connection ends or a file appears. input: { host, path, until, begun }: `begun` is a file this makes after the first answer.
// Prints { answers, statuses: [number], ended: 'file' | 'connection' }.
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

const proxy = new URL(process.env.HTTPS_PROXY);
const socket = connect(Number(proxy.port), proxy.hostname);
socket.write(`CONNECT ${input.host}:443 HTTP/1.1\r\nHost: ${input.host}:443\r\n\r\n`);
const [head] = await new Promise((resolve) => socket.once('data', (...bytes) => resolve(bytes)));
if (!String(head).startsWith('HTTP/1.1 200')) throw new Error(String(head));
const tls = connectTls({ socket, servername: input.host });
await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));

let received = '';
let wake = () => {};
let isOpen = true;
tls.on('data', (bytes) => {
  received += bytes.toString('latin1');
  wake();
});
const end = () => {
  isOpen = false;
  wake();
};
tls.on('error', end);
tls.on('close', end);

/** The status of the next whole answer, or null when the connection ended before it. Its body comes in chunks. */
async function readAnswer() {
  const ending = '\r\n0\r\n\r\n';
  for (;;) {
    const end = received.indexOf(ending);
    if (end !== -1) {
      const status = Number(received.slice(9, 12));
      received = received.slice(end + ending.length);
      return status;
    }
    if (!isOpen) return null;
    await new Promise((resolve) => {
      wake = resolve;
    });
  }
}

let answers = 0;
const statuses = new Set();
while (isOpen && !existsSync(input.until)) {
  tls.write(`GET ${input.path} HTTP/1.1\r\nHost: ${input.host}\r\n\r\n`);
  const status = await readAnswer();
  if (status === null) break;
  answers += 1;
  statuses.add(status);
  if (answers === 1) writeFileSync(input.begun, '');
  await pause(5);
}
const ended = isOpen ? 'file' : 'connection';
process.stdout.write(JSON.stringify({ answers, statuses: [...statuses], ended }), () => process.exit(0));
