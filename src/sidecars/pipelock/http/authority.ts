import { parseHostName } from '../../../policy/host-pattern.ts';

/** A host, and a port where one was written. */
export interface Authority {
  /** Lower case; an IPv6 literal without brackets, in canonical form. */
  readonly host: string;
  readonly port: number | null;
}

/**
 * Reads `host[:port]` as `Host`, `:authority`, a CONNECT target and an absolute URI carry it; null where it is
 * anything that two readers could read as two hosts.
 * SECURITY: refused are user information, percent-encoding, other than ASCII, empty labels and trailing dots,
 * ports with zeros in front, and every spelling of an IP address but the canonical one.
 */
export function parseAuthority(text: string): Authority | null {
  const match = /^(\[[0-9a-fA-F:.]{2,45}\]|[^:[\]@/?#\\]{1,253})(?::([1-9][0-9]{0,4}))?$/.exec(text);
  if (match === null) return null;
  const [, written = '', portText] = match;
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && port > 65_535) return null;
  const isBracketed = written.startsWith('[');
  const host = parseHostName(isBracketed ? written.slice(1, -1) : written);
  // Brackets stand for IPv6 and nothing else.
  return host === null || isBracketed !== host.includes(':') ? null : { host, port };
}

/** A host as it stands in a URL or `Host` field. */
export function toUrlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
