import type { PipelockPlan } from './pipelock-plan.ts';

/** What `pipelock-rules.json` says: all that pipelock's own schema has no words for. */
export interface PipelockRulesFile
  extends Pick<PipelockPlan, 'revision' | 'dns' | 'egress' | 'rules' | 'limits'> {
  readonly version: 1;
}

/** The value of `pipelock-rules.json`. */
export function toPipelockRules({ revision, dns, egress, rules, limits }: PipelockPlan): PipelockRulesFile {
  return { version: 1, revision, dns, egress, rules, limits };
}
