import type { Scheme } from '../../../policy/request-rule.ts';
import type { GuestRequest } from '../exchange/guest-request.ts';
import { type Refusal, refuseAuthority, refuseMalformed } from '../exchange/refusal.ts';
import { type Authority, parseAuthority } from './authority.ts';
import { checkConnectionOptions } from './connection-options.ts';
import { checkFieldLine, type Field, findValues, isToken, toField } from './fields.ts';
import { type HttpVersion, parseFraming } from './framing.ts';
import { defaultPort, parseRequestTarget, type RequestTargetForm } from './request-target.ts';

/** What a tunnel leads to: a host, and whether it is spoken to in TLS or in the clear. */
export interface TunnelPlace {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

/** The tunnel a request came through; null for one that came to the proxy itself. */
export type Tunnel = TunnelPlace | null;

export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: GuestRequest; readonly keepAlive: boolean }
  | { readonly kind: 'connect'; readonly host: string; readonly port: number }
  /** A request to the proxy itself, not through it. */
  | { readonly kind: 'local'; readonly method: string; readonly path: string }
  | Refusal;

const requestLine = /^([^ ]+) ([^ ]+) HTTP\/(1\.[01])$/;
/** Lower-case methods are other methods to some servers and the same to others. */
const method = /^[A-Z][A-Z0-9_-]{0,31}$/;

/** Says why a line of a request's head is refused, or null. */
export function checkRequestLine(line: string, index: number): string | null {
  if (index > 0) return checkFieldLine(line);
  const match = requestLine.exec(line);
  if (match === null) return 'its first line is not "METHOD target HTTP/1.1"';
  return isToken(match[1] ?? '') && method.test(match[1] ?? '') ? null : 'its method is malformed';
}

/** Makes a request of the lines of its head. */
export function parseRequest(lines: readonly string[], tunnel: Tunnel): ParsedRequest {
  const [, methodText = '', target = '', versionText] = requestLine.exec(lines[0] ?? '') ?? [];
  const version: HttpVersion = versionText === '1.0' ? '1.0' : '1.1';
  const fields = lines.slice(1).map(toField);
  const form = parseRequestTarget(methodText, target);
  if (form.kind === 'malformed') return refuseMalformed(form.reason);
  const framing = parseFraming(fields, version);
  if (framing.kind === 'malformed') return refuseMalformed(framing.reason);
  const host = parseHostField(fields, version);
  if (host !== null && 'layer' in host) return host;
  const options = checkConnectionOptions(fields, version, methodText, framing);
  if (options.kind === 'malformed') return refuseMalformed(options.reason);
  if (form.kind === 'connect') {
    if (tunnel !== null) return refuseMalformed('it asks for a tunnel inside a tunnel');
    if (framing.kind !== 'none') return refuseMalformed('it is a CONNECT with a body');
    if (host !== null && !isSame(host, form, form.port)) {
      return refuseAuthority('its Host is not the host it asks a tunnel to');
    }
    return { kind: 'connect', host: form.host, port: form.port };
  }
  if (form.kind === 'origin' && tunnel === null) {
    return { kind: 'local', method: methodText, path: form.path };
  }
  const place = toPlace(form, tunnel);
  if (place === null) return refuseAuthority('its URL is not one of the tunnel it came through');
  if (host !== null && !isSame(host, place, defaultPort(place.scheme))) {
    return refuseAuthority(
      tunnel === null ? 'its Host is not the host of its URL' : 'its Host is not the host of its tunnel',
    );
  }
  return {
    kind: 'request',
    keepAlive: options.keepAlive,
    request: {
      ...place,
      version,
      method: methodText,
      path: form.path,
      query: form.query,
      writtenHost: findValues(fields, 'host')[0] ?? place.host,
      fields: fields.filter(({ name }) => name !== 'host' && name !== 'content-length'),
      framing: framing as GuestRequest['framing'],
      expectsContinue: options.expectsContinue,
      webSocketKey: options.webSocketKey,
    },
  };
}

function toPlace(
  form: Exclude<RequestTargetForm, { readonly kind: 'connect' }>,
  tunnel: Tunnel,
): Pick<GuestRequest, 'scheme' | 'host' | 'port'> | null {
  if (form.kind === 'origin')
    return tunnel === null ? null : { scheme: tunnel.scheme, host: tunnel.host, port: tunnel.port };
  const place = { scheme: form.scheme, host: form.host, port: form.port };
  // SECURITY: an absolute URL inside a tunnel names the tunnel's own host, or the request is another one to the server.
  if (
    tunnel !== null &&
    (place.scheme !== tunnel.scheme || place.host !== tunnel.host || place.port !== tunnel.port)
  )
    return null;
  return place;
}

/** SECURITY: two `Host` fields, or none where RFC 9112 wants one, leave the choice of the host to the reader. */
function parseHostField(fields: readonly Field[], version: HttpVersion): Authority | Refusal | null {
  const values = findValues(fields, 'host');
  const [value] = values;
  if (values.length > 1) return refuseMalformed('it has more than one Host');
  if (value === undefined) return version === '1.0' ? null : refuseMalformed('it has no Host');
  return parseAuthority(value) ?? refuseMalformed('its Host is no plain host name');
}

/** Whether a `Host` names a place; a port left out is the scheme's own. */
function isSame(
  host: Authority,
  place: { readonly host: string; readonly port: number },
  ownPort: number,
): boolean {
  return host.host === place.host && (host.port ?? ownPort) === place.port;
}
