import { BottleError } from '../../errors.ts';

const unreachable = [
  'ENOENT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTSOCK',
];

/**
 * Says what a failed call to the engine means, in the engine's own words where those are all there is.
 * An aborted call's reason and a BottleError pass as they are.
 */
export function toEngineError(error: unknown, operation: string, address: string): unknown {
  if (!(error instanceof Error) || error instanceof BottleError) return error;
  if (error.name === 'AbortError') return error.cause ?? error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new BottleError('engine-forbidden', `The engine's socket ${address} does not let this user in.`, {
      cause: error,
    });
  }
  if (unreachable.includes(code)) {
    return new BottleError('engine-unreachable', `No container engine answers at ${address}.`, {
      cause: error,
    });
  }
  const words = toEngineWords(error);
  if (/no such image|pull access denied/i.test(words)) {
    return new BottleError('image-missing', `The engine has no such image: ${words}.`, { cause: error });
  }
  if (/pool overlaps|overlapping ipv4|address already in use/i.test(words)) {
    return new BottleError('subnet-taken', "The bottle's address range was taken by another network.", {
      cause: error,
    });
  }
  return new BottleError('engine-failed', `The engine refused "${operation}": ${words}.`, { cause: error });
}

/** The HTTP status that the engine answered with, or null where the error is no answer of its. */
export function statusOf(error: unknown): number | null {
  const cause = error instanceof BottleError ? error.cause : error;
  return cause instanceof Error && 'statusCode' in cause && typeof cause.statusCode === 'number'
    ? cause.statusCode
    : null;
}

/** What the engine itself said, on one line, without what its client put around it. */
export function toEngineWords(error: unknown): string {
  const cause = error instanceof BottleError ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  const json = 'json' in cause ? cause.json : null;
  const own =
    typeof json === 'object' && json !== null && 'message' in json ? String(json.message) : cause.message;
  return own
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
}
