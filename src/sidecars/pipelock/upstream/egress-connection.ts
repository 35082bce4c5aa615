import { connect, type Socket } from 'node:net';
import { type ByteSource, createByteSource } from '../streams/byte-source.ts';

/** One loopback connection to egress, for one request at a time. */
export interface EgressConnection {
  readonly socket: Socket;
  readonly source: ByteSource;
}

/** Connections to egress that are kept open between requests. */
export interface EgressPool {
  /** @throws Error when egress does not accept */
  acquire(): Promise<EgressConnection>;
  /** Takes a connection back after a whole exchange, to be used again. */
  release(connection: EgressConnection): void;
  close(): void;
}

export interface EgressPoolOptions {
  readonly address: string;
  readonly port: number;
  /** Of connections in use; more requests than that fail at once. */
  readonly maxConnections: number;
}

const connectTimeoutMs = 2_000;
/** Shorter than servers usually keep a silent connection, so that a reused one is alive. */
const idleMs = 4_000;

export function createEgressPool({ address, port, maxConnections }: EgressPoolOptions): EgressPool {
  const idle: EgressConnection[] = [];
  let openCount = 0;

  function forget(connection: EgressConnection): void {
    const index = idle.indexOf(connection);
    if (index !== -1) idle.splice(index, 1);
  }

  function open(): Promise<EgressConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, noDelay: true });
      const refuse = (): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new Error('egress does not accept'));
      };
      const timer = setTimeout(refuse, connectTimeoutMs);
      socket.once('error', refuse);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', refuse);
        const connection = { socket, source: createByteSource(socket) };
        const drop = (): void => {
          forget(connection);
          socket.destroy();
        };
        // An idle connection on which anything happens is of no more use.
        socket
          .on('timeout', drop)
          .on('error', drop)
          .on('close', () => forget(connection));
        socket.on('end', () => {
          if (idle.includes(connection)) drop();
        });
        resolve(connection);
      });
      openCount += 1;
      socket.once('close', () => {
        openCount -= 1;
      });
    });
  }

  return {
    async acquire() {
      for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
        if (last.socket.destroyed || last.source.take() !== null) {
          last.socket.destroy();
          continue;
        }
        last.socket.setTimeout(0);
        return last;
      }
      if (openCount >= maxConnections) throw new Error('too many requests are under way');
      return open();
    },
    release(connection) {
      if (connection.socket.destroyed) return;
      connection.socket.setTimeout(idleMs);
      idle.push(connection);
    },
    close() {
      for (const { socket } of idle.splice(0)) socket.destroy();
    },
  };
}
