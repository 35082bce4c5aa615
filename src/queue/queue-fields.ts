import { BottleError } from '../errors.ts';

/**
 * Readers for the fields of queue files and proposals. Each throws `request-invalid` with a sentence that names the place
 * and what belongs there. No value is quoted: most of what they read was written by a guest.
 */
export function invalid(message: string): BottleError {
  return new BottleError('request-invalid', message);
}

/** The object of a JSON text, with exactly these keys and version 1. */
export function readVersionedObject(
  text: string,
  what: string,
  keys: readonly string[],
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`${what} is not JSON`);
  }
  const record = readObject(value, what, ['version', ...keys]);
  if (record.version !== 1) throw invalid(`${what}: version must be 1`);
  return record;
}

/** An object with exactly these keys: one more or one less is refused. */
export function readObject(value: unknown, at: string, keys: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw invalid(`${at} must be an object`);
  if (Object.keys(value).some((key) => !keys.includes(key))) {
    throw invalid(`${at} may hold only ${keys.join(', ')}`);
  }
  const missing = keys.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw invalid(`${at} has no "${missing}"`);
  return value;
}

/** Whether a value is an object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of `least` to `most` UTF-16 units, whatever characters it has. */
export function readText(value: unknown, at: string, least: number, most: number): string {
  if (typeof value !== 'string') throw invalid(`${at} must be a text`);
  if (value.length < least) throw invalid(`${at} is empty`);
  if (value.length > most) throw invalid(`${at} is longer than ${most} characters`);
  return value;
}

/** A text that a pattern matches. */
export function readMatch(value: unknown, at: string, pattern: RegExp, expected: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(`${at} must be ${expected}`);
  return value;
}

/** A whole number within bounds, both included. */
export function readWholeNumber(value: unknown, at: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${at} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

/** One of a few words. */
export function readChoice<const Choice extends string>(
  value: unknown,
  at: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw invalid(`${at} must be one of ${choices.join(', ')}`);
  return choice;
}

/** A list of at most `most` entries. */
export function readList<Entry>(
  value: unknown,
  at: string,
  most: number,
  readEntry: (entry: unknown, at: string) => Entry,
): readonly Entry[] {
  if (!Array.isArray(value)) throw invalid(`${at} must be a list`);
  if (value.length > most) throw invalid(`${at} has more than ${most} entries`);
  return value.map((entry: unknown, index) => readEntry(entry, `${at}[${index}]`));
}

/** A moment as `Date.toISOString` writes it. */
export function readTime(value: unknown, at: string): string {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (typeof value !== 'string' || Number.isNaN(time) || new Date(time).toISOString() !== value) {
    throw invalid(`${at} must be a time such as 2026-01-31T12:00:00.000Z`);
  }
  return value;
}

/** Null, or what `read` reads. */
export function readNullable<Value>(
  value: unknown,
  at: string,
  read: (value: unknown, at: string) => Value,
): Value | null {
  return value === null ? null : read(value, at);
}
