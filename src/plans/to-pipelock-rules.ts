import type { PipelockPlan } from './pipelock-plan.ts';

/** What `pipelock-rules.json` says: all that pipelock's own schema has no words for. */
export interface PipelockRulesFile
  extends Pick<
    PipelockPlan,
    'revision' | 'dns' | 'egress' | 'rules' | 'exemptible' | 'supervise' | 'limits'
  > {
  readonly version: 1;
}

/** The value of `pipelock-rules.json`. */
export function toPipelockRules(plan: PipelockPlan): PipelockRulesFile {
  const { revision, dns, egress, rules, exemptible, supervise, limits } = plan;
  return { version: 1, revision, dns, egress, rules, exemptible, supervise, limits };
}
