// Tries each of input.targets at once: { kind: 'tcp' | 'udp', host, port }. TCP counts as reached when it connects,
// UDP when a datagram comes back. Prints [{ reached, code, ms }] in the same order.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const deadlineMs = 2000;

function reachTcp({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reached, code) => {
      socket.destroy();
      resolve({ reached, code });
    };
    socket.setTimeout(deadlineMs, () => end(false, 'DEADLINE'));
    socket.once('connect', () => end(true, ''));
    socket.once('error', (error) => end(false, error.code));
  });
}

function reachUdp({ host, port }) {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end(false, 'DEADLINE'), deadlineMs / 2);
    const end = (reached, code) => {
      clearTimeout(timer);
      socket.close();
      resolve({ reached, code });
    };
    socket.once('message', () => end(true, ''));
    socket.once('error', (error) => end(false, error.code));
    socket.send('probe', port, host, (error) => {
      if (error) end(false, error.code);
    });
  });
}

async function reach(target) {
  const start = performance.now();
  const result = await (target.kind === 'udp' ? reachUdp(target) : reachTcp(target));
  return { ...result, ms: Math.round(performance.now() - start) };
}

process.stdout.write(JSON.stringify(await Promise.all(input.targets.map(reach))));
