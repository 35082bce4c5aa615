const unitsMs = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** A length of time in its two largest units: `4m 12s`. Less than a second, and less than nothing, are `0s`. */
export function toDuration(lengthMs: number): string {
  const first = unitsMs.findIndex(([, unitMs]) => lengthMs >= unitMs);
  if (first === -1) return '0s';
  const parts: string[] = [];
  let rest = lengthMs;
  for (const [unit, unitMs] of unitsMs.slice(first, first + 2)) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(' ');
}
