import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Log } from '../../daemon/log.ts';
import { parseDnsQuestion, toRefusedAnswer } from './parse-question.ts';
import { createRateLimit } from './rate-limit.ts';

export interface DnsRefuserOptions {
  readonly address: string;
  readonly port: number;
  readonly log: Log;
}

export interface DnsRefuser {
  /** The bound port. */
  readonly port: number;
  close(): Promise<void>;
}

/** A DNS answer has no room for a sentence; this is what one would say. */
const refusalHint =
  'Names are not resolved inside this bottle: send the request through the proxy, which has the name resolved for hosts that are allowed.';
const maxTcpConnections = 32;
const tcpTimeoutMs = 5_000;

/**
 * Refuses every DNS question, over UDP and TCP, and logs its name: names are resolved by egress alone.
 * SECURITY: no question leaves the bundle, so no secret leaves in a label of one.
 * @throws Error when the address cannot be bound
 */
export async function startDnsRefuser({ address, port, log }: DnsRefuserOptions): Promise<DnsRefuser> {
  const logLimit = createRateLimit({ perSecond: 20 });

  function answer(message: Buffer, clientIp: string, transport: 'udp' | 'tcp'): Buffer | null {
    const question = parseDnsQuestion(message);
    if (question === null) return null;
    const permit = logLimit.take();
    if (permit.granted) {
      log.write({
        level: 'warn',
        event: 'blocked',
        message: `DNS question refused: ${question.name}`,
        component: 'pipelock',
        layer: 'dns',
        reason: `DNS question: ${question.name}`,
        hint: refusalHint,
        name: question.name,
        type: question.type,
        transport,
        client_ip: clientIp,
        ...(permit.skipped > 0 ? { unlogged_before: permit.skipped } : {}),
      });
    }
    return toRefusedAnswer(question);
  }

  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const tcp = createServer((socket) => serveTcp(socket, answer));
  tcp.maxConnections = maxTcpConnections;
  tcp.listen(port, address);
  await once(tcp, 'listening');
  const bound = tcp.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  udp.bind(boundPort, address);
  await once(udp, 'listening');
  udp.on('message', (message, from) => {
    const reply = answer(message, from.address, 'udp');
    // A reply that cannot be sent is one the guest will ask for again.
    if (reply !== null) udp.send(reply, from.port, from.address, () => {});
  });
  udp.on('error', (error) =>
    log.write({ level: 'warn', event: 'error', message: `DNS over UDP: ${error.message}` }),
  );
  return {
    port: boundPort,
    async close() {
      udp.close();
      tcp.close();
      await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
    },
  };
}

/** One message behind its length (RFC 1035, 4.2.2), then the next. */
function serveTcp(
  socket: Socket,
  answer: (message: Buffer, clientIp: string, transport: 'tcp') => Buffer | null,
): void {
  const clientIp = socket.remoteAddress ?? '';
  let pending: Buffer = Buffer.alloc(0);
  socket.setTimeout(tcpTimeoutMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 2) {
      const length = pending.readUInt16BE(0);
      if (pending.length < 2 + length) return;
      const reply = answer(pending.subarray(2, 2 + length), clientIp, 'tcp');
      pending = pending.subarray(2 + length);
      // Garbage, or a guest that does not read what it asked for.
      if (reply === null || socket.writableLength > 65_536) {
        socket.destroy();
        return;
      }
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([prefix, reply]));
    }
  });
}
