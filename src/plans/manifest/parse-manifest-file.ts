import { BottleError } from '../../errors.ts';
import {
  knownKeysSeparator,
  type ManifestIssue,
  type ManifestProblem,
  toKindText,
  toManifestProblem,
} from './issue-text.ts';
import { type ManifestFile, manifestFileSchema } from './schema.ts';
import { parseSourceDocument, type SourceDocument } from './source-document.ts';
import { createSourceError, type SourcePlace } from './source-error.ts';

/** A manifest file that the schema accepts, and where its parts are. */
export interface ParsedManifestFile {
  readonly content: ManifestFile;
  readonly source: SourceDocument;
}

/**
 * Parses the text of one manifest file.
 * @throws BottleError `manifest-invalid`, one line with file, line and column. A misspelt key is told before what it
 *   causes; otherwise the first problem in the file is.
 */
export function parseManifestFile(file: string, text: string): ParsedManifestFile {
  const source = parseSourceDocument(file, text);
  const result = manifestFileSchema.safeParse(source.value, { reportInput: true, error: nameKnownKeys });
  if (result.success) return { content: result.data, source };
  const [first] = result.error.issues
    .flatMap(toLeafIssues)
    .map(toManifestProblem)
    .map((problem) => ({ problem, place: toPlace(source, problem) }))
    .toSorted(byWeight);
  if (first === undefined) throw new BottleError('bug', `${file} was refused without a reason.`);
  throw createSourceError(file, first.place, first.problem.message, first.problem.hint);
}

/** Has the schema say the known keys where it meets an unknown one; only the schema knows them. */
function nameKnownKeys(issue: {
  readonly code?: string | undefined;
  readonly inst?: unknown;
}): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const { inst } = issue as { readonly inst: typeof manifestFileSchema };
  return Object.keys(inst.def.shape).join(knownKeysSeparator);
}

/** Of a union's branches, the one for the kind of value that is there is the one that was meant. */
function toLeafIssues(issue: ManifestIssue): readonly ManifestIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  if ('options' in issue && issue.discriminator !== undefined) {
    const input = (issue.input as Readonly<Record<string, unknown>>)[issue.discriminator];
    return [{ code: 'invalid_value', values: issue.options ?? [], path: issue.path, message: '', input }];
  }
  const meant = issue.errors.find((branch) => !branch.some((inner) => isOfOtherKind(inner, issue.input)));
  if (meant === undefined) {
    const expected = issue.errors
      .map(([first]) => (first === undefined ? '' : toKindName(first)))
      .join(' or ');
    return [{ code: 'invalid_type', expected, path: issue.path, message: '', input: issue.input }];
  }
  return meant.flatMap((inner) => toLeafIssues({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Whether an issue says that the value itself is of another kind than the branch is for. */
function isOfOtherKind(issue: ManifestIssue, input: unknown): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_value') return issue.values.every((value) => typeof value !== typeof input);
  return issue.code === 'invalid_type';
}

/** The kind that a branch is for: that of its values, where it lists them. */
function toKindName(issue: ManifestIssue): string {
  if (issue.code === 'invalid_type') return toKindText(issue.expected);
  return issue.code === 'invalid_value' ? toKindText(typeof issue.values[0]) : '';
}

function toPlace(source: SourceDocument, { path, key }: ManifestProblem): SourcePlace {
  return key === null ? source.placeOf(path) : source.placeOfKey(path, key);
}

interface PlacedProblem {
  readonly problem: ManifestProblem;
  readonly place: SourcePlace;
}

/** A key that is misspelt makes another one missing: the misspelling is the cause. */
function byWeight(a: PlacedProblem, b: PlacedProblem): number {
  const byKey = Number(b.problem.key !== null) - Number(a.problem.key !== null);
  return byKey || a.place.line - b.place.line || a.place.column - b.place.column;
}
