import { toPrintable } from '../text/to-printable.ts';
import type { Failure } from './failure.ts';

/**
 * Tells of a failed command: two lines on standard error, or one JSON object on standard output. Only a defect
 * comes with its stack.
 */
export function reportFailure(failure: Failure, json: boolean): void {
  const { code, message, hint, exit, stack, also } = failure;
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, hint, exit } }, null, 2)}\n`);
  if (!json) {
    process.stderr.write(`Error: ${toPrintable(message)}\n`);
    for (const line of also) process.stderr.write(`Also: ${toPrintable(line)}\n`);
    process.stderr.write(`Hint: ${toPrintable(hint)}\n`);
  }
  if (stack !== null) process.stderr.write(`${toPrintable(stack, { lines: true })}\n`);
}
