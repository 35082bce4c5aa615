const unitMs: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Nobody answers within less, and no agent waits longer. */
const minMs = 10_000;
const maxMs = 24 * 3_600_000;

/** Parses `90s`, `15m` or `2h` into milliseconds, between 10 seconds and 24 hours; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, digits = '', unit = ''] = /^([0-9]{1,6})([smh])$/.exec(text) ?? [];
  const ms = Number(digits) * (unitMs.get(unit) ?? Number.NaN);
  return ms >= minMs && ms <= maxMs ? ms : null;
}
