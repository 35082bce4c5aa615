import type { z } from 'zod';
import { findNearestWord } from './nearest-word.ts';

/** One thing that the schema found wrong. */
export type ManifestIssue = z.core.$ZodIssue;

/** What is wrong with a manifest, in words, and where. */
export interface ManifestProblem {
  readonly path: readonly PropertyKey[];
  /** The key of the mapping at the path that is wrong itself, or null when it is the value at the path. */
  readonly key: string | null;
  readonly message: string;
  readonly hint: string | null;
}

/** Between the known keys of a mapping in the message of an `unrecognized_keys` issue, where the schema's error map puts them. */
export const knownKeysSeparator = ', ';

const kinds: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a mapping'],
  ['record', 'a mapping'],
]);

/** What a manifest calls a kind of value. */
export function toKindText(expected: string): string {
  return kinds.get(expected) ?? expected;
}

/** Says in one line what an issue is; the issue is no union's. */
export function toManifestProblem(issue: ManifestIssue): ManifestProblem {
  if (issue.code === 'unrecognized_keys')
    return toUnknownKeyProblem(issue.path, issue.keys[0] ?? '', issue.message);
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    const message = `${toPathText(issue.path)} ${issue.issues[0]?.message ?? 'is not a valid key'}`;
    return { path: issue.path.slice(0, -1), key, message, hint: null };
  }
  const subject = issue.path.length === 0 ? 'the manifest' : toPathText(issue.path);
  return { path: issue.path, key: null, message: `${subject} ${toPredicate(issue)}`, hint: null };
}

function toPredicate(issue: ManifestIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return toTypeText(toKindText(issue.expected), issue.input);
    case 'invalid_value':
      return toChoiceText(issue.values.map(String), issue.input);
    case 'too_small':
      return typeof issue.input === 'number'
        ? `is ${issue.input}; the least is ${issue.minimum}`
        : issue.message;
    case 'too_big':
      return typeof issue.input === 'number'
        ? `is ${issue.input}; the most is ${issue.maximum}`
        : `is longer than ${issue.maximum} characters`;
    default:
      return typeof issue.input === 'string' ? `${toQuoted(issue.input)} ${issue.message}` : issue.message;
  }
}

function toUnknownKeyProblem(path: readonly PropertyKey[], key: string, knownKeys: string): ManifestProblem {
  const nearest = findNearestWord(key, knownKeys.split(knownKeysSeparator));
  const where = path.length === 0 ? '' : ` in ${toPathText(path)}`;
  const meant = nearest === null ? '' : `; did you mean "${nearest}"?`;
  return {
    path,
    key,
    message: `unknown key ${toQuoted(key)}${where}${meant}`,
    hint: `Known keys${where}: ${knownKeys}.`,
  };
}

function toTypeText(wanted: string, input: unknown): string {
  if (input === undefined) return `is missing; it is ${wanted}`;
  if (wanted === 'text' && input === null) return 'is empty, not text; a "~" by itself needs quotes';
  const isBare = typeof input === 'number' || typeof input === 'boolean';
  const remedy = wanted === 'text' && isBare ? `; write it in quotes: "${input}"` : '';
  return `is ${toDescription(input)}, not ${wanted}${remedy}`;
}

function toChoiceText(words: readonly string[], input: unknown): string {
  const choices = words.map(toQuoted).join(', ');
  const wanted = words.length === 1 ? choices : `one of ${choices}`;
  if (input === undefined) return `is missing; it is ${wanted}`;
  const nearest = typeof input === 'string' ? findNearestWord(input, words) : null;
  const meant = nearest === null || words.length === 1 ? '' : `; did you mean "${nearest}"?`;
  return `is ${toDescription(input)}, not ${wanted}${meant}`;
}

function toDescription(input: unknown): string {
  if (input === null) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a mapping';
  return typeof input === 'string' ? toQuoted(input) : String(input);
}

/** `egress.routes[2].host`. */
function toPathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** JSON's quotes also make control characters visible, so that a manifest cannot write to the terminal. */
function toQuoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
