import { renderPlan } from '../../plans/render-plan.ts';
import { toPrintable } from '../text/to-printable.ts';
import type { PlannedBottle } from './plan-bottle.ts';

/** A plan and its warnings for people. */
export function toPlanText(planned: PlannedBottle): string {
  const warnings = toWarningText(planned);
  const text = toPrintable(renderPlan(planned.plan), { lines: true });
  return warnings === '' ? text : `${text}\n${warnings}`;
}

/** What the operator may not have meant, two lines each; empty where there is nothing. */
export function toWarningText({ warnings }: PlannedBottle): string {
  return warnings
    .map(({ message, remedy }) => `Warning: ${toPrintable(message)}\n         ${toPrintable(remedy)}\n`)
    .join('');
}
