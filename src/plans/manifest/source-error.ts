import { BottleError } from '../../errors.ts';
import { toVisibleText } from '../visible-text.ts';

/** A place in a manifest file; both count from 1. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

/** The error for a place in a manifest: one line, `file:line:column: what is wrong`. */
export function createSourceError(
  file: string,
  place: SourcePlace,
  message: string,
  hint: string | null = null,
): BottleError {
  const text = `${file}:${place.line}:${place.column}: ${toVisibleText(message.replace(/\s+/g, ' '))}`;
  return new BottleError('manifest-invalid', text, hint === null ? {} : { hint });
}
