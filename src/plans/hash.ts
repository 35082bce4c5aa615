import { createHash } from 'node:crypto';

/** SHA-256 over the canonical JSON of a value, 64 hexadecimal digits. */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(toCanonicalJson(value)).digest('hex');
}

/**
 * Writes a JSON value so that equal values give equal bytes: keys sorted by UTF-16 code units, no white space.
 * @throws TypeError for what JSON cannot hold (undefined, functions, NaN), which would be lost on the way
 */
export function toCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => `${JSON.stringify(key)}:${toCanonicalJson(part)}`);
    return `{${fields.join(',')}}`;
  }
  const isJson = value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
  if (!isJson) throw new TypeError(`not a JSON value: ${String(value)}`);
  return JSON.stringify(value);
}
