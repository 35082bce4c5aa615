import type { Scheme } from '../../../policy/request-rule.ts';
import { parseAuthority } from './authority.ts';
import { type Malformed, malformed } from './head-lines.ts';

/** What stands behind a request's method; RFC 9112, 3.2. */
export type RequestTargetForm =
  | { readonly kind: 'origin'; readonly path: string; readonly query: string | null }
  | {
      readonly kind: 'absolute';
      readonly scheme: Scheme;
      readonly host: string;
      readonly port: number;
      readonly path: string;
      readonly query: string | null;
    }
  | { readonly kind: 'connect'; readonly host: string; readonly port: number };

const defaultPorts = { http: 80, https: 443 } as const;

export function defaultPort(scheme: Scheme): number {
  return defaultPorts[scheme];
}

/** Visible ASCII without what a URL never holds: quotes, angle brackets, a fragment. */
const targetCharacters = /^[!$-;=?-~]+$/;

/** Reads a request's target. */
export function parseRequestTarget(method: string, target: string): RequestTargetForm | Malformed {
  if (target.includes('#')) return malformed('its target has a fragment');
  if (!targetCharacters.test(target)) return malformed('its target has a character that no URL may hold');
  if (method === 'CONNECT') {
    const authority = parseAuthority(target);
    if (authority === null) return malformed('the target of CONNECT is no plain host and port');
    if (authority.port === null) return malformed('the target of CONNECT has no port');
    return { kind: 'connect', host: authority.host, port: authority.port };
  }
  if (target.startsWith('/')) return toOrigin(target);
  const match = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target);
  if (match === null) return malformed('its target is neither a path nor an http or https URL');
  const [, schemeText = '', authorityText = '', rest = ''] = match;
  const scheme = schemeText.toLowerCase() === 'https' ? 'https' : 'http';
  const authority = parseAuthority(authorityText);
  if (authority === null) return malformed('the host in its target is no plain host name');
  if (!rest.startsWith('/')) return malformed('its target has no path');
  return {
    ...toOrigin(rest),
    kind: 'absolute',
    scheme,
    host: authority.host,
    port: authority.port ?? defaultPort(scheme),
  };
}

function toOrigin(target: string): {
  readonly kind: 'origin';
  readonly path: string;
  readonly query: string | null;
} {
  const mark = target.indexOf('?');
  if (mark === -1) return { kind: 'origin', path: target, query: null };
  return { kind: 'origin', path: target.slice(0, mark), query: target.slice(mark + 1) };
}
