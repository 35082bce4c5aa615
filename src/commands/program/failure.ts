import { BottleError, errorTable } from '../../errors.ts';
import { toUsageError } from './to-usage-error.ts';

/** What is told of a failed command, and the exit status it ends with. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
  /** Of a defect in bottle; expected errors have none. */
  readonly stack: string | null;
  /** What failed besides, such as the error that a failed teardown followed. */
  readonly also: readonly string[];
}

/** Decides how an error ends the command: as an expected one, a wrong use, or a defect. */
export function toFailure(error: unknown): Failure {
  const [first, ...others] = flatten(error)
    .map((cause) => toUsageError(cause) ?? cause)
    // What was left behind matters more to the user than what went wrong before it.
    .sort((left, right) => rank(left) - rank(right));
  const also = others.map((other) => (other instanceof Error ? other.message : String(other)));
  if (first instanceof BottleError) {
    const { code, message, hint, exit } = first;
    return { code, message, hint, exit, stack: code === 'bug' ? (first.stack ?? null) : null, also };
  }
  const message = first instanceof Error ? first.message : String(first);
  const stack = first instanceof Error ? (first.stack ?? null) : null;
  return { code: 'bug', message, ...errorTable.bug, stack, also };
}

/** The errors of a failed command and of the teardown that followed it, each alone. */
function flatten(error: unknown): readonly unknown[] {
  if (error instanceof SuppressedError) return [...flatten(error.suppressed), ...flatten(error.error)];
  if (error instanceof AggregateError) return error.errors.flatMap(flatten);
  return [error];
}

function rank(error: unknown): number {
  if (!(error instanceof BottleError)) return 0;
  return error.code === 'teardown-incomplete' ? 1 : 2;
}
