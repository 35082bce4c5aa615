import type { BottlePlan } from './bottle-plan.ts';
import { toConditionsText, toTargetText } from './route-text.ts';
import { toVisibleText } from './visible-text.ts';

type PolicyPlan = Pick<BottlePlan, 'egress' | 'pipelock'>;

/**
 * What the policy of one plan has and the other's has not, a line each: first what goes, `- `, then what comes, `+ `.
 * Empty where both allow the same, by the same rules.
 */
export function toPolicyDifference(before: PolicyPlan, after: PolicyPlan): readonly string[] {
  const earlier = toPolicyLines(before);
  const later = toPolicyLines(after);
  const gone = [...earlier].filter(([key]) => !later.has(key)).map(([, text]) => `- ${text}`);
  const come = [...later].filter(([key]) => !earlier.has(key)).map(([, text]) => `+ ${text}`);
  return [...gone, ...come];
}

/** All that a policy allows, each line under a key that holds the rule's id: two rules may read the same. */
function toPolicyLines({ egress, pipelock }: PolicyPlan): ReadonlyMap<string, string> {
  const routes = egress.routes.map((route) => {
    const text = `allow ${toTargetText(route)}: ${toConditionsText(route, egress.secretLabels)}`;
    return [`${route.id} ${text}`, toVisibleText(text)] as const;
  });
  const exemptions = pipelock.rules.flatMap((rule) =>
    rule.exempt.map((label) => {
      const text = `let ${label} pass to ${toTargetText(rule)} (${rule.id})`;
      return [text, toVisibleText(text)] as const;
    }),
  );
  return new Map([...routes, ...exemptions]);
}
