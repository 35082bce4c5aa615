import type { EgressPlan } from './egress-plan.ts';

/** The value of `egress.json`: the plan and the format's version. */
export function toEgressJson(plan: EgressPlan): EgressPlan & { readonly version: 1 } {
  return { version: 1, ...plan };
}
