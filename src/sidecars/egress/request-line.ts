import { parseHostName } from '../../policy/host-pattern.ts';
import { findPathAmbiguity } from '../../policy/path-pattern.ts';
import type { RequestTarget, Scheme } from '../../policy/request-rule.ts';

/** A request's target after strict parsing. */
export interface ParsedTarget extends RequestTarget {
  /** From `?` to the end as sent, or empty. */
  readonly query: string;
}

const absoluteForm = /^(https?):\/\/([^/?#@\s]+)(\/[^?#]*)?(\?[^#]*)?$/;
const visibleAscii = /^[\x21-\x7e]*$/;
const method = /^[A-Z][A-Z-]{0,31}$/;
const defaultPorts = { https: 443, http: 80 } as const;

/**
 * Makes the target of a request in absolute form (`https://host:port/path?query`).
 * @returns a plain reason instead when anything about it is not as pipelock sends it
 */
export function parseRequestLine(requestMethod: string, url: string): ParsedTarget | string {
  // SECURITY: CONNECT would be a tunnel nobody reads; TRACE echoes the credential that was added.
  if (!method.test(requestMethod) || ['CONNECT', 'TRACE', 'TRACK'].includes(requestMethod)) {
    return 'the method is not one that egress passes on';
  }
  const parts = absoluteForm.exec(url);
  if (parts === null) return 'the target is not an absolute http or https URL';
  const scheme: Scheme = parts[1] === 'https' ? 'https' : 'http';
  const { host, port } = splitAuthority(parts[2] ?? '', defaultPorts[scheme]);
  if (host === null || port === null) return 'the host or port of the target is not in its plain spelling';
  const path = parts[3] ?? '/';
  const ambiguity = findPathAmbiguity(path);
  if (ambiguity !== null) return ambiguity;
  const query = parts[4] ?? '';
  if (!visibleAscii.test(query)) return 'the query has a character that must be percent-encoded';
  return { scheme, host, port, method: requestMethod, path, query };
}

/** `host` or `host:port` as it stands in a URL or a Host header, without a default port. */
export function toAuthority(scheme: Scheme, host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPorts[scheme] ? name : `${name}:${port}`;
}

function splitAuthority(authority: string, defaultPort: number) {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const written = bracketed ?? plain ?? '';
  const host = parseHostName(written);
  const port = digits === undefined ? defaultPort : Number(digits);
  // An IPv6 address needs its brackets and nothing else may have them.
  const bracketsFit = host?.includes(':') === (bracketed !== undefined);
  return {
    host: host !== null && bracketsFit && host === written ? host : null,
    port: port >= 1 && port <= 65_535 ? port : null,
  };
}
