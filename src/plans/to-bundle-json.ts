import type { BundlePlan } from './bundle-plan.ts';

/** The value of `bundle.json`: the plan and the format's version. */
export function toBundleJson(plan: BundlePlan): BundlePlan & { readonly version: 1 } {
  return { version: 1, ...plan };
}
