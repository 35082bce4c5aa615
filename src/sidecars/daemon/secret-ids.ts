import type { SecretId } from '../../plans/secret-reference.ts';
import { parseDictionary, parseList, parseText } from './strict-json.ts';

/** The id of a secret: `secret-0`, `secret-1`, ... */
export function isSecretId(value: unknown): value is SecretId {
  return typeof value === 'string' && /^secret-\d{1,6}$/.test(value);
}

/** One id of a configuration file. */
export function parseSecretId(value: unknown, at: string): SecretId {
  if (!isSecretId(value)) throw new Error(`${at}: must be a secret's id`);
  return value;
}

/** A list of ids, each at most once. */
export function parseSecretIds(value: unknown, at: string): readonly SecretId[] {
  const ids = parseList(value, at, parseSecretId);
  if (new Set(ids).size !== ids.length) throw new Error(`${at}: names a secret twice`);
  return ids;
}

/** Labels by id, one for each of `ids` at least. */
export function parseSecretLabels(
  value: unknown,
  at: string,
  ids: readonly SecretId[],
): Readonly<Record<SecretId, string>> {
  const labels: Record<SecretId, string> = {};
  for (const [id, label] of Object.entries(parseDictionary(value, at))) {
    labels[parseSecretId(id, at)] = parseText(label, `${at}.${id}`);
  }
  const missing = ids.find((id) => labels[id] === undefined);
  if (missing !== undefined) throw new Error(`${at}: has no label for ${missing}`);
  return labels;
}
