import { type CredentialClass, maxContextBytes, maxFormBytes } from './credential-class.ts';

/** A credential known by its form. SECURITY: it says where, never what. */
export interface CredentialHit {
  readonly rule: string;
  readonly name: string;
  /** Of its first byte, from the stream's first. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
}

/** Classes, ready to be looked for: made once, shared by scanners. */
export interface CredentialTable {
  /** Any literal of any class. */
  readonly literals: RegExp;
  readonly byLiteral: ReadonlyMap<string, readonly CredentialClass[]>;
}

/** Looks for credentials in one stream of bytes, however it is cut into pieces. */
export interface CredentialScanner {
  /** Scans the next bytes; with `last` the stream ends with them, and the next push begins another. */
  push(bytes: Buffer, last: boolean): readonly CredentialHit[];
}

/** Sorts classes by their literals. */
export function createCredentialTable(classes: readonly CredentialClass[]): CredentialTable {
  const pairs = classes.flatMap((known) => known.literals.map((literal) => ({ literal, known })));
  const groups = Map.groupBy(pairs, ({ literal }) => literal);
  return {
    literals: new RegExp(
      [...groups.keys()].map((literal) => literal.replaceAll('.', String.raw`\.`)).join('|'),
      'g',
    ),
    byLiteral: new Map([...groups].map(([literal, group]) => [literal, group.map(({ known }) => known)])),
  };
}

/**
 * Linear in the bytes pushed: one pass finds literals, and a form looks at a bounded stretch behind each. Keeps
 * of the past only what a form may still reach.
 */
export function createCredentialScanner(table: CredentialTable): CredentialScanner {
  let kept = '';
  /** Where in `kept` the search goes on; before it is context only. */
  let next = 0;
  let keptOffset = 0;
  let keptLine = 1;

  return {
    push(bytes, last) {
      const text = kept + bytes.toString('latin1');
      // INVARIANT: a form is judged once all it may read is there, so that a cut changes nothing.
      const stop = last ? text.length : text.length - maxFormBytes;
      const { hits, end } = findForms(table, text, next, stop);
      const located = locate(hits, text, keptOffset, keptLine);
      if (last) {
        kept = '';
        next = 0;
        keptOffset = 0;
        keptLine = 1;
        return located;
      }
      next = Math.max(next, stop, end);
      const from = Math.max(0, next - maxContextBytes);
      keptLine += countLineEnds(text, 0, from);
      keptOffset += from;
      kept = text.slice(from);
      next -= from;
      return located;
    },
  };
}

interface Form {
  readonly known: CredentialClass;
  readonly index: number;
}

/** All forms that begin from `from` to before `stop`; `end` is the end of the last one. */
function findForms(
  table: CredentialTable,
  text: string,
  from: number,
  stop: number,
): { hits: Form[]; end: number } {
  const { literals, byLiteral } = table;
  const hits: Form[] = [];
  let end = from;
  literals.lastIndex = from;
  for (let found = literals.exec(text); found !== null && found.index < stop; found = literals.exec(text)) {
    const { index } = found;
    const known = byLiteral.get(found[0])?.find((candidate) => matches(candidate, text, index));
    if (known === undefined) {
      literals.lastIndex = index + 1;
      continue;
    }
    hits.push({ known, index });
    end = Math.max(known.form.lastIndex, index + 1);
    literals.lastIndex = end;
  }
  return { hits, end };
}

function matches(known: CredentialClass, text: string, index: number): boolean {
  known.form.lastIndex = index;
  const match = known.form.exec(text);
  return match !== null && (known.accepts?.(match) ?? true);
}

function locate(
  hits: readonly Form[],
  text: string,
  textOffset: number,
  textLine: number,
): readonly CredentialHit[] {
  let line = textLine;
  let from = 0;
  return hits.map(({ known, index }) => {
    line += countLineEnds(text, from, index);
    from = index;
    return { rule: known.rule, name: known.name, offset: textOffset + index, line };
  });
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
