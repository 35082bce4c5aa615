import type { PipelockRule } from '../../../plans/pipelock-plan.ts';
import { findRule } from '../../../policy/find-rule.ts';
import { findPathAmbiguity } from '../../../policy/path-pattern.ts';
import type { RequestRule, Scheme } from '../../../policy/request-rule.ts';
import type { GuestRequest } from './guest-request.ts';
import { type Refusal, refuseAmbiguousPath, refuseByAllowlist, refuseHost } from './refusal.ts';

/** Decides by the allowlist. */
export function decideRequest(
  request: GuestRequest,
  rules: readonly PipelockRule[],
): { readonly kind: 'allowed'; readonly rule: PipelockRule } | Refusal {
  const decision = findRule(rules, request);
  if (decision.kind === 'refused' && decision.failed !== 'path') return refuseByAllowlist(request, decision);
  // SECURITY: before a path is compared with a rule's, and even where the rule has none: the next reader has rules too.
  const ambiguity = findPathAmbiguity(request.path);
  if (ambiguity !== null) return refuseAmbiguousPath(ambiguity);
  return decision.kind === 'refused' ? refuseByAllowlist(request, decision) : decision;
}

/**
 * Decides whether a tunnel may be opened, and what must be spoken in it: TLS where some rule allows https to that host and
 * port, else HTTP in the clear where one allows http, for there are clients that ask for a tunnel there too.
 */
export function decideTunnel(host: string, port: number, rules: readonly RequestRule[]): Scheme | Refusal {
  const open = rules.map((rule) => ({ ...rule, methods: null, paths: null }));
  const target = { scheme: 'https', host, port, method: 'CONNECT', path: '/' } as const;
  const decision = findRule(open, target);
  if (decision.kind === 'allowed') return 'https';
  if (findRule(open, { ...target, scheme: 'http' }).kind === 'allowed') return 'http';
  return decision.failed === 'host' ? refuseHost(host) : refuseByAllowlist(target, decision);
}
