const unitBytes: ReadonlyMap<string, number> = new Map([
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['TiB', 1024 ** 4],
]);

/** What an amount may be, both ends included, in bytes; and the words for it. */
export interface ByteRange {
  readonly least: number;
  readonly most: number;
  /** `64MiB to 64TiB`. */
  readonly words: string;
}

/** Of the guest. Less does not start an agent; more is a mistake. */
export const memoryRange: ByteRange = {
  least: 64 * 1024 ** 2,
  most: 64 * 1024 ** 4,
  words: '64MiB to 64TiB',
};
/** Of one push, and of one file in it. */
export const pushRange: ByteRange = { least: 1024, most: 4 * 1024 ** 3, words: '1KiB to 4GiB' };

/** Parses `4GiB` or `1.5GiB` into bytes; null for anything else and for what is out of range. */
export function parseByteSize(text: string, { least, most }: ByteRange): number | null {
  const [, digits = '', unit = ''] = /^([0-9]{1,8}(?:\.[0-9]{1,3})?)([KMGT]iB)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * (unitBytes.get(unit) ?? Number.NaN));
  return bytes >= least && bytes <= most ? bytes : null;
}
