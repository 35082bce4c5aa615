import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

export interface GuestTlsOptions {
  readonly socket: Socket;
  /** What was read of the socket already. */
  readonly first: Buffer;
  readonly context: SecureContext;
  readonly timeoutMs: number;
}

/** Ends the guest's TLS; resolves after the handshake, or with null where it failed or took too long. */
export function startTls({ socket, first, context, timeoutMs }: GuestTlsOptions): Promise<TLSSocket | null> {
  socket.unshift(first);
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  return new Promise((resolve) => {
    const fail = (): void => {
      clearTimeout(timer);
      secured.destroy();
      resolve(null);
    };
    const timer = setTimeout(fail, timeoutMs);
    // Stays on: an error later, with nobody listening, would end the daemon.
    secured.on('error', () => secured.destroy());
    secured.once('close', fail);
    secured.once('secure', () => {
      clearTimeout(timer);
      secured.off('close', fail);
      // Only Node's own TLS server says so; an HTTP/2 session waits for it.
      Object.assign(secured, { secureConnecting: false });
      resolve(secured);
    });
  });
}
