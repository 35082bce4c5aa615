/**
 * Readers for configuration files that are refused as a whole when one field is not what it should be.
 * Each throws an Error that names the place (`egress.json: routes[2].port`), never more than the place
 * and what belongs there.
 */

/**
 * The object of a file's text.
 * @throws Error when the text is not JSON or `version` is not 1.
 */
export function parseVersionedFile(
  text: string,
  file: string,
  keys: readonly string[],
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file}: is not JSON`);
  }
  const record = parseRecord(value, file, ['version', ...keys]);
  if (record.version !== 1) throw new Error(`${file}: version must be 1`);
  return record;
}

/** An object with exactly these keys: one more or one less is refused. */
export function parseRecord(value: unknown, at: string, keys: readonly string[]): Record<string, unknown> {
  const record = parseDictionary(value, at);
  const unknown = Object.keys(record).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`${at}: unknown key "${unknown.slice(0, 64)}"`);
  const missing = keys.find((key) => !Object.hasOwn(record, key));
  if (missing !== undefined) throw new Error(`${at}: "${missing}" is missing`);
  return record;
}

/** An object with keys of any name. */
export function parseDictionary(value: unknown, at: string): Record<string, unknown> {
  if (!isRecord(value)) throw new Error(`${at}: must be an object`);
  return value;
}

/** A string with content. */
export function parseText(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${at}: must be a string with content`);
  return value;
}

/** `true` or `false`. */
export function parseBoolean(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new Error(`${at}: must be true or false`);
  return value;
}

/** A whole number within bounds, both included. */
export function parseWholeNumber(value: unknown, at: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${at}: must be a whole number from ${least} to ${most}`);
  }
  return value;
}

/** One of a few words. */
export function parseChoice<const Choice extends string>(
  value: unknown,
  at: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new Error(`${at}: must be one of ${choices.join(', ')}`);
  return choice;
}

/** A list, each entry read by `parseEntry`. */
export function parseList<Entry>(
  value: unknown,
  at: string,
  parseEntry: (entry: unknown, at: string) => Entry,
): readonly Entry[] {
  if (!Array.isArray(value)) throw new Error(`${at}: must be a list`);
  return value.map((entry: unknown, index) => parseEntry(entry, `${at}[${index}]`));
}

/** Whether a value is an object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
