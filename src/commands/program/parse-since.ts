import { BottleError } from '../../errors.ts';

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The moment that a flag names: so long ago (`90s`, `15m`, `2h`, `7d`), or a date with or without a time (`2026-01-31`).
 * @returns milliseconds since 1970
 * @throws BottleError `usage-invalid`
 */
export function parseSince(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * (unitsMs[unit] ?? 0);
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new BottleError('usage-invalid', `"${text}" is no moment.`, {
    hint: 'Say how long ago (90s, 15m, 2h, 7d), or a date: 2026-01-31 or 2026-01-31T12:00:00Z.',
  });
}
