import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import { createSourceError, type SourcePlace } from './source-error.ts';

/** A manifest is a page of text: what is larger, or repeats itself more often, is not one. */
const maxLength = 256 * 1024;
const maxAliasCount = 64;

const start: SourcePlace = { line: 1, column: 1 };

/** A manifest file's value, and where in the file each part of it is. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** The place of a value, or of the nearest thing around it that is there. */
  readonly placeOf: (path: readonly PropertyKey[]) => SourcePlace;
  /** The place of a key of the mapping at a path. */
  readonly placeOfKey: (path: readonly PropertyKey[], key: string) => SourcePlace;
}

/**
 * Parses the YAML text of one manifest file.
 * @throws BottleError `manifest-invalid` with the place of the first thing that is not plain YAML 1.2
 */
export function parseSourceDocument(file: string, text: string): SourceDocument {
  if (text.length > maxLength)
    throw createSourceError(file, start, `the file has more than ${maxLength} characters`);
  const lines = new LineCounter();
  const toPlace = (offset: number): SourcePlace => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseText(file, text, lines);
  // A warning is a tag or directive whose meaning would be guessed.
  const [problem] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (problem !== undefined)
    throw createSourceError(file, toPlace(problem.pos[0]), toPlainMessage(problem.code, problem.message));
  requirePlainNodes(file, document, toPlace);
  return {
    file,
    value: toValue(file, document),
    placeOf: (path) => toPlace(findNode(document, path)?.range?.[0] ?? 0),
    placeOfKey: (path, key) => {
      const pair = findPair(findNode(document, path), key);
      return toPlace((pair?.key as Node | undefined)?.range?.[0] ?? 0);
    },
  };
}

function parseText(file: string, text: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      strict: true,
      uniqueKeys: true,
      schema: 'core',
    });
  } catch (cause) {
    throw createSourceError(
      file,
      start,
      cause instanceof RangeError ? 'the file is nested too deeply' : String(cause),
    );
  }
}

function toValue(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (cause) {
    const isBomb = cause instanceof ReferenceError || cause instanceof RangeError;
    throw createSourceError(
      file,
      start,
      isBomb ? 'the file has too many aliases, or is nested too deeply' : String(cause),
    );
  }
}

/** Keys that are not text, or that JavaScript has a meaning of its own for, would be lost on the way to the schema. */
function requirePlainNodes(file: string, document: Document, toPlace: (offset: number) => SourcePlace): void {
  visit(document, {
    Alias(_index, alias) {
      if (alias.resolve(document) !== undefined) return;
      const place = toPlace(alias.range?.[0] ?? 0);
      throw createSourceError(file, place, `the alias "*${alias.source}" has no anchor before it`);
    },
    Pair(_index, { key }) {
      if (isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__') return;
      const offset = (key as Node | null)?.range?.[0] ?? 0;
      const name = isScalar(key) ? `the key ${String(key.value)}` : 'a key';
      throw createSourceError(file, toPlace(offset), `${name} cannot be a key here; keys are plain text`);
    },
  });
}

function findNode(document: Document, path: readonly PropertyKey[]): Node | null {
  let node = document.contents;
  for (const part of path) {
    const next = findChild(resolveAlias(document, node), part);
    if (next === null) return node;
    node = next;
  }
  return node;
}

function findChild(node: Node | null, part: PropertyKey): Node | null {
  if (isSeq(node) && typeof part === 'number') return (node.items[part] as Node | undefined) ?? null;
  const pair = findPair(node, String(part));
  return (pair?.value as Node | undefined) ?? (pair?.key as Node | undefined) ?? null;
}

function findPair(node: Node | null, key: string): Pair | null {
  if (!isMap(node)) return null;
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === key) ?? null;
}

function resolveAlias(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

/** The parser's own words suit authors of YAML libraries; the common cases are said more plainly. */
function toPlainMessage(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'the key is there twice';
    case 'MULTIPLE_DOCS':
      return 'a manifest is a single document: remove the "---" and what follows';
    case 'TAB_AS_INDENT':
      return 'tabs cannot indent: use spaces';
    case 'TAG_RESOLVE_FAILED':
      return 'tags such as "!name" have no meaning in a manifest';
    case 'RESOURCE_EXHAUSTION':
      return 'the file is nested too deeply';
    default:
      return `not valid YAML: ${message}`;
  }
}
