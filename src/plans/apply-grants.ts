import { BottleError } from '../errors.ts';
import type { ExemptionProposal, RouteProposal } from '../queue/proposal.ts';
import type { BottlePlan } from './bottle-plan.ts';
import type { EgressAuth, EgressRoute } from './egress-plan.ts';
import { deepFreeze } from './freeze.ts';
import { hashJson } from './hash.ts';
import type { Grant, LivePolicy } from './live-policy.ts';
import type { PipelockRule } from './pipelock-plan.ts';

const grantPrefix = 'grant:';

/**
 * A bottle's plan with what its operator granted since: the plan that its daemons' files are written from. Pure.
 * INVARIANT: grants only add. The plan's own rules stay as they are and in their order, and come first.
 * @param plan as launched, without any grant
 * @returns a deep-frozen plan; the same as `plan` where nothing was granted
 * @throws BottleError `request-invalid` for a grant that must not be, or that leads nowhere
 */
export function applyGrants(plan: BottlePlan, policy: LivePolicy): BottlePlan {
  const { hash: _hash, ...rest } = policy.grants.reduce(applyGrant, plan);
  const { revision } = policy;
  const granted = {
    ...rest,
    pipelock: { ...rest.pipelock, revision },
    egress: { ...rest.egress, revision },
  };
  return deepFreeze({ ...structuredClone(granted), hash: hashJson(granted) });
}

/**
 * A policy without one of its grants, and without what was granted on the route that goes with it: one revision on.
 * @returns null where no grant answers that request
 */
export function withoutGrant(policy: LivePolicy, request: Grant['request']): LivePolicy | null {
  if (policy.grants.every((grant) => grant.request !== request)) return null;
  const route = toRouteId(request);
  const grants = policy.grants.filter(
    (grant) =>
      grant.request !== request && !(grant.change.kind === 'exemption' && grant.change.route === route),
  );
  return { ...policy, revision: policy.revision + 1, grants };
}

/** The id of the route that was granted as the answer to a request. */
function toRouteId(request: Grant['request']): string {
  return `${grantPrefix}${request}`;
}

function applyGrant(plan: BottlePlan, { request, change }: Grant): BottlePlan {
  return change.kind === 'route' ? addRoute(plan, toRouteId(request), change) : addExemption(plan, change);
}

function addRoute(plan: BottlePlan, id: string, proposal: RouteProposal): BottlePlan {
  if (plan.egress.routes.some((route) => route.id === id)) throw invalid(`${id} was granted already.`);
  const { host, scheme, port, methods, paths, credentialOf } = proposal;
  const rule = { id, host, scheme, port, methods, paths };
  const auth = credentialOf === null ? null : findCredential(plan, proposal, credentialOf);
  const route: EgressRoute = { ...rule, auth };
  const pipelockRule: PipelockRule = { ...rule, exempt: [] };
  return {
    ...plan,
    egress: { ...plan.egress, routes: [...plan.egress.routes, route] },
    pipelock: { ...plan.pipelock, rules: [...plan.pipelock.rules, pipelockRule] },
  };
}

/** SECURITY: a credential goes only where the manifest sends it already: to that one host, over TLS, at that port. */
function findCredential(plan: BottlePlan, { host, scheme, port }: RouteProposal, id: string): EgressAuth {
  // A granted route lends nothing on: revoking it would leave a credential behind that it brought.
  const route = plan.egress.routes.find((candidate) => candidate.id === id && !id.startsWith(grantPrefix));
  if (route === undefined) throw invalid(`The manifest has no route ${id} whose credential could be used.`);
  if (route.auth === null) throw invalid(`The route ${id} has no credential.`);
  if (scheme !== 'https') throw invalid('A credential goes over https only.');
  if (route.host !== host || route.port !== port) {
    throw invalid(`The credential of ${id} goes to ${route.host} port ${route.port} only.`);
  }
  return route.auth;
}

function addExemption(plan: BottlePlan, { route: id, rule: label }: ExemptionProposal): BottlePlan {
  const rule = plan.pipelock.rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw invalid(`There is no route ${id} to exempt anything on.`);
  requireExemptible(plan, label);
  if (rule.exempt.includes(label)) return plan;
  const rules = plan.pipelock.rules.map((candidate) =>
    candidate === rule ? { ...rule, exempt: [...rule.exempt, label] } : candidate,
  );
  return { ...plan, pipelock: { ...plan.pipelock, rules } };
}

/** SECURITY: a credential that a daemon adds has no reason to come from the guest, wherever it goes. */
function requireExemptible({ bundle, egress, gitGate }: BottlePlan, label: string): void {
  const credentials = [
    ...Object.values(egress.secretLabels),
    ...(gitGate === null ? [] : Object.values(gitGate.secretLabels)),
  ];
  if (credentials.includes(label)) {
    throw invalid('That secret is a credential of the bottle itself, and never passes from the guest.');
  }
  if (!Object.values(bundle.secretLabels).includes(label)) {
    throw invalid('An exemption names one of the known secrets of the manifest.');
  }
}

function invalid(message: string): BottleError {
  return new BottleError('request-invalid', message);
}
