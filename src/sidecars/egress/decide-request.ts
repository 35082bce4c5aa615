import type { EgressRoute } from '../../plans/egress-plan.ts';
import { findRule } from '../../policy/find-rule.ts';
import { type Denial, refuse } from './denial.ts';
import type { Origin } from './dial.ts';
import { type HeaderField, toEndToEnd, withoutCredentials } from './headers.ts';
import { replaceQueryParameter } from './query-parameter.ts';
import { parseRequestLine, toAuthority } from './request-line.ts';
import type { RouteCredential } from './route-credential.ts';

/** The rules and credentials by which requests are decided. */
export interface EgressPolicy {
  readonly routes: readonly EgressRoute[];
  readonly credentials: ReadonlyMap<EgressRoute, RouteCredential>;
}

/** What is sent for an allowed request. */
export interface AllowedRequest {
  readonly kind: 'allowed';
  readonly origin: Origin;
  readonly authority: string;
  readonly method: string;
  /** Path and query. SECURITY: may hold a credential; not for logs. */
  readonly path: string;
  /** End-to-end fields, with the route's credential in place of the guest's. */
  readonly fields: readonly HeaderField[];
  readonly rule: string;
  readonly credential: RouteCredential | null;
}

/**
 * Decides a request by egress's own rules: pipelock has decided before, but what holds the credentials does
 * not take another process's word for it.
 */
export function decideRequest(
  policy: EgressPolicy,
  method: string,
  url: string,
  sent: readonly HeaderField[],
): AllowedRequest | Denial {
  const target = parseRequestLine(method, url);
  if (typeof target === 'string') return refuse('egress', `The request was refused: ${target}.`);
  const decision = findRule(policy.routes, target);
  if (decision.kind === 'refused') {
    return refuse(
      'egress',
      `No route allows ${method} to ${target.host} (its ${decision.failed} is not listed): the operator can add it under egress.routes.`,
    );
  }
  const { scheme, host, port, path, query } = target;
  const allowed = {
    kind: 'allowed',
    origin: { scheme, host, port },
    method,
    rule: decision.rule.id,
  } as const;
  const authority = toAuthority(scheme, host, port);
  const credential = policy.credentials.get(decision.rule) ?? null;
  const fields = toEndToEnd(sent);
  if (credential === null) return { ...allowed, authority, path: `${path}${query}`, fields, credential };
  // SECURITY: over plain HTTP, or to any host but the route's own, there is no credential and no request.
  if (scheme !== 'https' || host !== decision.rule.host) {
    return refuse(
      'egress',
      `The route ${decision.rule.id} has a credential, which goes to its own host over https only.`,
    );
  }
  const { place } = credential;
  const own = withoutCredentials(fields, place.kind === 'header' ? place.field[0] : null).filter(
    ([name]) => name.toLowerCase() !== 'accept-encoding',
  );
  // Without an encoding an echo of the credential is found as it is.
  const plain: readonly HeaderField[] = [...own, ['Accept-Encoding', 'identity']];
  return place.kind === 'header'
    ? { ...allowed, authority, path: `${path}${query}`, fields: [...plain, place.field], credential }
    : {
        ...allowed,
        authority,
        path: `${path}${replaceQueryParameter(query, place.name, place.value)}`,
        fields: plain,
        credential,
      };
}
