import { BottleError } from '../errors.ts';
import { applyGrants } from '../plans/apply-grants.ts';
import type { BottlePlan } from '../plans/bottle-plan.ts';
import type { Grant } from '../plans/live-policy.ts';
import { toPolicyDifference } from '../plans/policy-difference.ts';
import type { Proposal } from '../queue/proposal.ts';
import type { RequestId } from '../queue/request.ts';
import type { Instance } from './instance.ts';

/** What an approval changes in the policy, or null where it changes none. */
export function toChange(proposal: Proposal): Grant['change'] | null {
  return proposal.kind === 'route' || proposal.kind === 'exemption' ? proposal : null;
}

/**
 * What granting a proposal changes, seen against the policy without it; empty where it changes none.
 * @throws BottleError `request-invalid` where it cannot be granted
 */
export function toGrantDifference(
  instance: Instance,
  request: RequestId,
  proposal: Proposal,
): readonly string[] {
  const change = toChange(proposal);
  if (change === null) return [];
  const { plan, policy } = instance;
  const grants = policy.grants.filter((grant) => grant.request !== request);
  const without = grants.length === policy.grants.length ? policy : { ...policy, grants };
  const after = { ...without, grants: [...grants, { request, operator: '', grantedAt: '', change }] };
  const before = without === policy ? findCurrentPlan(instance) : applyGrants(plan, without);
  return toPolicyDifference(before, applyGrants(plan, after));
}

/** Plans by which instances act, which all that waits in one is seen against. */
const currentPlans = new WeakMap<Instance, BottlePlan>();

function findCurrentPlan(instance: Instance): BottlePlan {
  const plan = currentPlans.get(instance) ?? applyGrants(instance.plan, instance.policy);
  currentPlans.set(instance, plan);
  return plan;
}

/** As {@link toGrantDifference}; empty where it cannot be granted as it stands. */
export function findGrantDifference(
  instance: Instance,
  request: RequestId,
  proposal: Proposal,
): readonly string[] {
  try {
    return toGrantDifference(instance, request, proposal);
  } catch (error) {
    if (error instanceof BottleError && error.code === 'request-invalid') return [];
    throw error;
  }
}
