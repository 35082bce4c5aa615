import { BottleError } from '../../errors.ts';
import {
  knownKeysSeparator,
  type ManifestIssue,
  type ManifestProblem,
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
  const isMapping = typeof issue.input === 'object' && issue.input !== null && !Array.isArray(issue.input);
  if (!isMapping && typeof issue.input !== 'string') {
    return [
      {
        code: 'invalid_type',
        expected: 'text or a mapping',
        path: issue.path,
        message: '',
        input: issue.input,
      },
    ];
  }
  const expectsMapping = (branch: readonly ManifestIssue[]) =>
    branch.some(({ code, path }) => code === 'unrecognized_keys' || path.length > 0);
  const meant = issue.errors.find((branch) => expectsMapping(branch) === isMapping) ?? issue.errors[0] ?? [];
  return meant.flatMap((inner) => toLeafIssues({ ...inner, path: [...issue.path, ...inner.path] }));
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
