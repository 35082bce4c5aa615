import { join } from 'node:path';
import type { RunningBottle } from '../backends/backend.ts';
import { applyGrants } from '../plans/apply-grants.ts';
import type { BottlePlan } from '../plans/bottle-plan.ts';
import type { LivePolicy } from '../plans/live-policy.ts';
import { toPolicyDifference } from '../plans/policy-difference.ts';
import { toConfigFiles } from '../plans/to-config-files.ts';
import { replaceText } from './replace-text.ts';

/** From one policy to another, of one running bottle. */
export interface PolicyChange {
  readonly plan: BottlePlan;
  readonly from: LivePolicy;
  readonly to: LivePolicy;
}

/**
 * Has a running bottle's daemons act by another policy. Says nothing in `policy.json`: that is for the caller, when all went well.
 * @throws BottleError `policy-not-applied`, `bottle-not-running`; files and daemons may then have either policy
 */
export async function changePolicy(
  { plan, from, to }: PolicyChange,
  bottle: Pick<RunningBottle, 'reload'>,
  signal: AbortSignal,
): Promise<void> {
  const before = toConfigFiles(applyGrants(plan, from));
  const after = toConfigFiles(applyGrants(plan, to));
  const folder = join(plan.stateDirectory, 'bundle');
  for (const [index, file] of after.entries()) {
    if (file.content !== before[index]?.content) {
      await replaceText(join(folder, file.path), file.content);
    }
  }
  await bottle.reload(to.revision, signal);
}

/** Says by which policy the bottle's daemons act. */
export async function writePolicy(plan: BottlePlan, policy: LivePolicy): Promise<void> {
  const content = `${JSON.stringify(policy, null, 2)}\n`;
  await replaceText(join(plan.stateDirectory, 'policy.json'), content);
}

/** What a change makes of the policy, a line each, in the manifest's words. */
export function toChangeDifference({ plan, from, to }: PolicyChange): readonly string[] {
  return toPolicyDifference(applyGrants(plan, from), applyGrants(plan, to));
}
