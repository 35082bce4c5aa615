/** One measurement: the product's figure, the raw thing's in the same run, and what was aimed for. */
export interface Result {
  readonly name: string;
  readonly unit: 'ms' | 'MB' | 'MB/s';
  readonly bottle: number;
  /** Null where there is nothing to compare with. */
  readonly raw: number | null;
  /** What `raw` is. */
  readonly rawName: string;
  readonly samples: number;
  readonly target: Target | null;
}

export type Target =
  | { readonly kind: 'ratio'; readonly atMost: number }
  | { readonly kind: 'added'; readonly atMost: number }
  | { readonly kind: 'absolute'; readonly atMost: number };

/** How a result stands to its target, as one word, or null where it has none. */
export function toVerdict(result: Result): 'reached' | 'missed' | null {
  if (result.target === null) return null;
  return toFigure(result, result.target.kind) <= result.target.atMost ? 'reached' : 'missed';
}

function toFigure({ bottle, raw }: Result, kind: Target['kind']): number {
  if (kind === 'absolute') return bottle;
  if (raw === null) throw new Error('a target relative to nothing');
  return kind === 'ratio' ? bottle / raw : bottle - raw;
}

/** The results as a table for a terminal. */
export function toTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    toNumber(result.bottle, result.unit),
    result.raw === null ? '-' : toNumber(result.raw, result.unit),
    result.raw === null ? '-' : `${(result.bottle / result.raw).toFixed(2)}x`,
    result.target === null ? '-' : toTargetText(result.target, result.unit),
    toVerdict(result) ?? '-',
    result.rawName,
  ]);
  const table = [['what', 'bottle', 'raw', 'ratio', 'target', 'verdict', 'raw is'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toNumber(value: number, unit: Result['unit']): string {
  return `${value.toFixed(unit === 'ms' && value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

function toTargetText({ kind, atMost }: Target, unit: Result['unit']): string {
  if (kind === 'ratio') return `<= ${String(atMost)}x`;
  return kind === 'added' ? `<= +${String(atMost)} ${unit}` : `<= ${String(atMost)} ${unit}`;
}
