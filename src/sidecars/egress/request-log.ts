import type { IncomingMessage } from 'node:http';
import type { Log } from '../daemon/log.ts';
import type { AllowedRequest } from './decide-request.ts';
import type { Denial } from './denial.ts';
import type { ForwardEnd } from './forward-end.ts';

export interface LoggedRequest {
  readonly incoming: IncomingMessage;
  readonly decided: AllowedRequest | Denial;
  readonly end: ForwardEnd;
  readonly status: number;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** Whether it was cut because its route was revoked. */
  readonly revoked: boolean;
}

/**
 * Logs one request that is over; one that egress refused by its own rules as `blocked`, with what the guest was told.
 * SECURITY: neither path nor query is logged, for either may hold a secret.
 */
export function logRequest(
  log: Log,
  { incoming, decided, end, status, startedAt, revoked }: LoggedRequest,
): void {
  const method = incoming.method ?? '';
  const allowed = decided.kind === 'allowed' ? decided : null;
  const host = allowed?.authority ?? null;
  const url = allowed === null ? {} : { url: `${allowed.origin.scheme}://${allowed.authority}/` };
  const isWhole = end.kind === 'passed' && end.complete;
  log.write({
    level: isWhole ? 'info' : 'warn',
    event: end.kind === 'refused' ? 'blocked' : 'egress_request',
    message: `${method} ${host ?? 'refused'}: ${status}`,
    method,
    host,
    status,
    duration_ms: Math.round(performance.now() - startedAt),
    rule: allowed?.rule ?? null,
    credential: allowed?.credential?.label ?? null,
    bytes: end.kind === 'passed' ? end.bytes : 0,
    ...(end.kind === 'refused' ? { ...url, layer: end.layer, hint: end.message } : {}),
    ...(end.kind === 'failed' ? { error: end.error } : {}),
    ...(end.kind === 'passed' ? {} : { reason: end.message }),
    ...(end.kind === 'passed' && !end.complete ? { error: 'incomplete' } : {}),
    ...(revoked ? { error: 'revoked' } : {}),
  });
}

/**
 * Logs a defect that one request met and that ends that request alone: a guest that finds one must not be
 * able to end its bundle with it, and nothing was passed on.
 */
export function logDefect(log: Log, defect: unknown): void {
  const message = defect instanceof Error ? (defect.stack ?? defect.message) : String(defect);
  log.write({ level: 'error', event: 'request_defect', message });
}
