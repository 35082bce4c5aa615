const unitBytes: ReadonlyMap<string, number> = new Map([
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['TiB', 1024 ** 4],
]);

/** Less does not start an agent; more is a mistake. */
const minBytes = 64 * 1024 ** 2;
const maxBytes = 64 * 1024 ** 4;

/** Parses `4GiB` or `1.5GiB` into bytes, between 64 MiB and 64 TiB; null for anything else. */
export function parseMemorySize(text: string): number | null {
  const [, digits = '', unit = ''] = /^([0-9]{1,8}(?:\.[0-9]{1,3})?)([KMGT]iB)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * (unitBytes.get(unit) ?? Number.NaN));
  return bytes >= minBytes && bytes <= maxBytes ? bytes : null;
}
