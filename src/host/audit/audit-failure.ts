import { BottleError } from '../../errors.ts';

/** Says that the log's lines are not those that were written. */
export function auditBroken(message: string): BottleError {
  return new BottleError('audit-broken', message);
}

/** Says of an error of the file system that the log could not be had; other errors stay what they are. */
export function toAuditFailure(error: unknown, path: string): unknown {
  if (error instanceof BottleError || !(error instanceof Error) || !('code' in error)) return error;
  const message = `The audit log ${path} cannot be read or written (${String(error.code)}).`;
  return new BottleError('audit-unwritable', message, { cause: error });
}
