import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { Scheme } from '../../policy/request-rule.ts';
import { type Denial, fail } from './denial.ts';
import { type ResolveName, resolveHost } from './resolve-host.ts';
import { toTlsDenial } from './tls-denial.ts';

/** A host as connections to it are kept apart: one that was pinned for a name serves no other. */
export interface Origin {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

export type Protocol = 'h2' | 'http/1.1';

export type Dialled =
  | { readonly kind: 'connected'; readonly socket: Socket; readonly protocol: Protocol }
  | Denial;

/** Opens a new connection; `protocols` are offered in that order. */
export type Dial = (origin: Origin, protocols: readonly Protocol[]) => Promise<Dialled>;

export interface DialSettings {
  readonly allowPrivate: readonly string[];
  /** Trusted authorities: Node's own list and the plan's. */
  readonly trust: () => SecureContext;
  readonly connectTimeoutMs: number;
  readonly resolveName: ResolveName;
}

/** A dead peer is noticed by the kernel, for a stream may rightly be silent for long. */
const keepAliveDelayMs = 30_000;

/** Makes the one function by which egress reaches the outside. */
export function createDial(settings: DialSettings): Dial {
  return async (origin, protocols) => {
    // One time limit for name, connection and handshake together.
    const signal = AbortSignal.timeout(settings.connectTimeoutMs);
    const late = (): Denial =>
      fail(
        'timeout',
        `${origin.host} could not be reached within ${settings.connectTimeoutMs} ms: try again later.`,
      );
    const resolution = await Promise.race([
      resolveHost(origin.host, settings.allowPrivate, settings.resolveName),
      once(signal, 'abort').then(late),
    ]);
    if (resolution.kind !== 'resolved') return resolution;
    const deadline = performance.now() + settings.connectTimeoutMs;
    let reason = 'no address';
    for (const [index, { address }] of resolution.addresses.entries()) {
      if (signal.aborted) return late();
      // Each address gets its share of what is left, so that a silent one does not use up the time of the others.
      const shareMs = Math.max(
        1,
        Math.ceil((deadline - performance.now()) / (resolution.addresses.length - index)),
      );
      const socket = connect({
        host: address,
        port: origin.port,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveDelayMs,
        noDelay: true,
      });
      // Stays on: what happens to the bare connection below TLS is reported by TLS.
      socket.on('error', () => {});
      try {
        await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(shareMs)]) });
      } catch (error) {
        socket.destroy();
        reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
        continue;
      }
      if (origin.scheme === 'http') return { kind: 'connected', socket, protocol: 'http/1.1' };
      return await secure(socket, origin, protocols, settings.trust(), signal, late);
    }
    if (signal.aborted || reason === 'ABORT_ERR') return late();
    return fail(
      'connect',
      `No connection to ${origin.host} port ${origin.port} (${reason}): check that the host serves there.`,
    );
  };
}

async function secure(
  socket: Socket,
  { host }: Origin,
  protocols: readonly Protocol[],
  secureContext: SecureContext,
  signal: AbortSignal,
  late: () => Denial,
): Promise<Dialled> {
  // SECURITY: the certificate must be valid for the very host of the route, from an authority we trust.
  const tls: TLSSocket = connectTls({
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: [...protocols],
  });
  try {
    await once(tls, 'secureConnect', { signal });
  } catch (error) {
    tls.on('error', () => {});
    tls.destroy();
    return signal.aborted ? late() : toTlsDenial(host, error);
  }
  return { kind: 'connected', socket: tls, protocol: tls.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' };
}
