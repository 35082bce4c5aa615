import type { GuestRequest } from '../exchange/guest-request.ts';
import { type Refusal, refuseAuthority, refuseMalformed } from '../exchange/refusal.ts';
import { parseAuthority } from './authority.ts';
import { type Field, findListMembers, findValues, isToken } from './fields.ts';
import { parseFraming } from './framing.ts';
import { checkRequestLine } from './parse-request.ts';
import { parseRequestTarget } from './request-target.ts';

export interface Http2Limits {
  readonly maxUrlBytes: number;
  readonly maxHeaderCount: number;
}

const pseudoFields = [':method', ':scheme', ':authority', ':path'];
/** RFC 9113, 8.2.2: what a message of HTTP/2 never holds; a later hop of HTTP/1 would act on it. */
const connectionSpecific = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** All that a field value may hold; RFC 9110, 5.5. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Makes a request of the header block of an HTTP/2 stream, `[name, value, name, value, ...]` as it came.
 * @param hasBody whether the stream goes on behind the header block
 */
export function parseHttp2Request(
  rawHeaders: readonly string[],
  hasBody: boolean,
  tunnel: { readonly host: string; readonly port: number },
  limits: Http2Limits,
): GuestRequest | Refusal {
  const all = toFields(rawHeaders);
  if (all.length > limits.maxHeaderCount)
    return refuseMalformed(`it has more than ${limits.maxHeaderCount} header fields`);
  const bad = findBadField(all);
  if (bad !== null) return refuseMalformed(bad);
  const pseudo = (name: string): string => findValues(all, name)[0] ?? '';
  const method = pseudo(':method');
  const path = pseudo(':path');
  if (method === 'CONNECT') return refuseMalformed('it asks for a tunnel inside a tunnel');
  if (path.length > limits.maxUrlBytes)
    return refuseMalformed(`its URL is longer than ${limits.maxUrlBytes} bytes`);
  const lineRefusal = checkRequestLine(`${method} ${path} HTTP/1.1`, 0);
  if (lineRefusal !== null) return refuseMalformed(lineRefusal);
  const form = parseRequestTarget(method, path);
  if (form.kind === 'malformed') return refuseMalformed(form.reason);
  if (form.kind !== 'origin') return refuseMalformed('its path does not start with "/"');
  if (pseudo(':scheme') !== 'https') return refuseAuthority('its scheme is not the one of its tunnel');
  const names = [...findValues(all, ':authority'), ...findValues(all, 'host')];
  const refusal = checkNames(names, tunnel);
  if (refusal !== null) return refusal;
  const fields = all.filter(({ name }) => !name.startsWith(':') && name !== 'host');
  const framing = parseFraming(fields, '1.1');
  if (framing.kind === 'malformed') return refuseMalformed(framing.reason);
  return {
    version: '2',
    scheme: 'https',
    host: tunnel.host,
    port: tunnel.port,
    writtenHost: names[0] ?? tunnel.host,
    method,
    path: form.path,
    query: form.query,
    fields: joinCookies(fields.filter(({ name }) => name !== 'content-length')),
    framing: hasBody ? (framing.kind === 'length' ? framing : { kind: 'chunked' }) : { kind: 'none' },
    expectsContinue: hasBody && findListMembers(fields, 'expect').length > 0,
    webSocketKey: null,
  };
}

function toFields(rawHeaders: readonly string[]): readonly Field[] {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    fields.push({
      name: rawHeaders[index] ?? '',
      value: (rawHeaders[index + 1] ?? '').replace(/^[ \t]+|[ \t]+$/g, ''),
    });
  }
  return fields;
}

/** SECURITY: what HTTP/1 would read as something else on the way on does not pass (a request split by a line end in a value). */
function findBadField(fields: readonly Field[]): string | null {
  for (const { name, value } of fields) {
    if (!fieldValue.test(value)) return 'it has a control character in a header value';
    if (name.startsWith(':')) {
      if (!pseudoFields.includes(name)) return 'it has an unknown pseudo header field';
      if (findValues(fields, name).length > 1) return 'it has a pseudo header field twice';
      continue;
    }
    if (!isToken(name) || name !== name.toLowerCase())
      return 'it has a header name that is no lower-case token';
    if (connectionSpecific.has(name)) return 'it has a header field that HTTP/2 does not know';
    if (name === 'te' && value.toLowerCase() !== 'trailers') return 'its TE is not "trailers"';
    if (name === 'expect' && value.toLowerCase() !== '100-continue')
      return 'it expects something else than 100-continue';
  }
  return null;
}

function checkNames(
  names: readonly string[],
  tunnel: { readonly host: string; readonly port: number },
): Refusal | null {
  if (names.length === 0) return refuseMalformed('it names no host');
  for (const name of names) {
    const authority = parseAuthority(name);
    if (authority === null) return refuseMalformed('its host is no plain host name');
    // SECURITY: every name of the host is the tunnel's, port included.
    if (authority.host !== tunnel.host || (authority.port ?? 443) !== tunnel.port) {
      return refuseAuthority('its host is not the host of its tunnel');
    }
  }
  return null;
}

/** RFC 9113, 8.2.3: HTTP/2 may cut a cookie field into crumbs; for HTTP/1 they are one again. */
function joinCookies(fields: readonly Field[]): readonly Field[] {
  const cookies = findValues(fields, 'cookie');
  if (cookies.length < 2) return fields;
  return [...fields.filter(({ name }) => name !== 'cookie'), { name: 'cookie', value: cookies.join('; ') }];
}
