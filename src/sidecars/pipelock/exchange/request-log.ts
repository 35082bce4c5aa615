import type { RequestTarget } from '../../../policy/request-rule.ts';
import type { Log } from '../../daemon/log.ts';
import { toUrlHost } from '../http/authority.ts';
import type { Refusal } from './refusal.ts';

/** What the log says of one request. */
export interface RequestRecord {
  readonly method: string;
  /** Already redacted where it holds a known secret. */
  readonly url: string;
  readonly clientIp: string;
  /** `req-N`: one a request. */
  readonly requestId: string;
  /** Id of the rule that allows the request, so far as the allowlist goes. */
  readonly route?: string;
}

/** What the log says instead of a URL that holds a known secret. */
export function redactUrl({ scheme, host }: RequestTarget): string {
  return `${scheme}://${toUrlHost(host)}/[redacted]`;
}

const mitreTechniques: Readonly<Record<string, string>> = {
  allowlist: 'T1071.001',
  body_dlp: 'T1048',
  dlp: 'T1048',
  header_dlp: 'T1048',
  path_traversal: 'T1083',
  tls_authority_mismatch: 'T1090.004',
};

/** Logs a refusal, with pipelock's own labels; `hint` is what the guest was told. */
export function logBlocked(
  log: Log,
  record: RequestRecord,
  { layer, scanner, reason, sentence, secret }: Refusal,
): void {
  const mitre = mitreTechniques[scanner];
  log.write({
    level: 'warn',
    event: 'blocked',
    message: `request blocked: ${reason}`,
    component: 'pipelock',
    method: record.method,
    url: record.url,
    client_ip: record.clientIp,
    request_id: record.requestId,
    scanner,
    reason,
    layer,
    hint: sentence,
    ...(secret === null ? {} : { secret }),
    ...(record.route === undefined ? {} : { route: record.route }),
    ...(mitre === undefined ? {} : { mitre_technique: mitre }),
  });
}

/** Logs a request that went through, once its answer is over. */
export function logForwarded(
  log: Log,
  record: RequestRecord,
  outcome: { readonly statusCode: number; readonly sizeBytes: number; readonly durationMs: number },
): void {
  log.write({
    level: 'info',
    event: 'forward_http',
    message: 'request forwarded',
    component: 'pipelock',
    method: record.method,
    url: record.url,
    client_ip: record.clientIp,
    request_id: record.requestId,
    status_code: outcome.statusCode,
    size_bytes: outcome.sizeBytes,
    duration_ms: Math.round(outcome.durationMs * 10) / 10,
  });
}

/** Logs a request that passed the rules and failed on the way. */
export function logFailed(log: Log, record: RequestRecord, reason: string): void {
  log.write({
    level: 'error',
    event: 'error',
    message: `upstream error: ${reason}`,
    component: 'pipelock',
    method: record.method,
    url: record.url,
    client_ip: record.clientIp,
    request_id: record.requestId,
    reason,
  });
}
