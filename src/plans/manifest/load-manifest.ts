import { BottleError } from '../../errors.ts';
import type { Manifest } from '../manifest.ts';
import { parseBottleName } from './bottle-name.ts';
import { findMergedProblem, type MergedProblem } from './check-merged.ts';
import { mergeLayers } from './merge-layers.ts';
import { type ParsedManifestFile, parseManifestFile } from './parse-manifest-file.ts';
import { resolvePaths } from './resolve-paths.ts';
import type { ManifestFile } from './schema.ts';
import { createSourceError } from './source-error.ts';
import { toManifest } from './to-manifest.ts';

/** A manifest file that is there; its path is absolute. */
interface FoundManifestFile {
  readonly path: string;
  readonly text: string;
}

/** All that loading a manifest takes from outside. */
export interface ManifestContext {
  /** Reads `<name>.yaml` of the folder of manifests; null where there is none. */
  readonly readManifestFile: (name: string) => FoundManifestFile | null | Promise<FoundManifestFile | null>;
  /** Absolute path of the operator's home: what `~` stands for. */
  readonly home: string;
  /** Absolute path of where the operator ran bottle: what `workspace.source` is relative to. */
  readonly workingDirectory: string;
}

/** A file of the chain of `extends`, its paths absolute. */
interface Layer {
  readonly name: string;
  readonly path: string;
  readonly file: ParsedManifestFile;
}

/**
 * Loads a bottle's manifest, its bases merged in and its defaults written out; deep-frozen.
 * @throws BottleError, by rejection: `name-invalid`, `manifest-not-found`, or `manifest-invalid` with file, line and column
 */
export async function loadManifest(name: string, context: ManifestContext): Promise<Manifest> {
  const layers = await loadLayers(parseBottleName(name), context);
  const { home, workingDirectory } = context;
  const merged = layers
    .map(({ path, file }) => resolvePaths(file.content, { file: path, home, workingDirectory }))
    .reduceRight<ManifestFile>((base, own) => mergeLayers(base, own), {});
  const manifest = toManifest(merged, { name, sources: layers.map(({ path }) => path), workingDirectory });
  const problem = findMergedProblem(manifest);
  if (problem !== null) throw createMergedError(layers, problem);
  return manifest;
}

/** The place is in the file that said it last: the first one, the bottle's own before its bases, that has it. */
function createMergedError(layers: readonly Layer[], { path, message }: MergedProblem): BottleError {
  const layer = layers.find(({ file }) => hasPath(file.content, path)) ?? layers[0];
  if (layer === undefined) throw new BottleError('bug', `A manifest without files is wrong: ${message}`);
  return createSourceError(layer.path, layer.file.source.placeOf(path), message);
}

function hasPath(value: unknown, path: readonly PropertyKey[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return value !== undefined;
  return typeof value === 'object' && value !== null && hasPath(Reflect.get(value, key), rest);
}

/** The bottle's own file first, then its bases, each the one that the file before extends. */
async function loadLayers(name: string, { readManifestFile }: ManifestContext): Promise<readonly Layer[]> {
  const layers: Layer[] = [];
  let next: string | undefined = name;
  while (next !== undefined) {
    const found = await readManifestFile(next);
    if (found === null) throw createMissingError(next, layers.at(-1));
    layers.push({ name: next, path: found.path, file: parseManifestFile(found.path, found.text) });
    next = layers.at(-1)?.file.content.extends;
    requireNoCycle(layers, next);
  }
  return layers;
}

function requireNoCycle(layers: readonly Layer[], next: string | undefined): void {
  const start = layers.findIndex((layer) => layer.name === next);
  const last = layers.at(-1);
  if (start === -1 || last === undefined) return;
  const chain = [...layers.slice(start), layers[start]].map((layer) => layer?.name).join(' -> ');
  throw createSourceError(
    last.path,
    last.file.source.placeOf(['extends']),
    `extends goes round in a circle: ${chain}`,
  );
}

function createMissingError(name: string, from: Layer | undefined): BottleError {
  if (from === undefined) {
    return new BottleError('manifest-not-found', `There is no bottle "${name}".`, {
      hint: `Create it with "bottle init ${name}".`,
    });
  }
  const place = from.file.source.placeOf(['extends']);
  return createSourceError(
    from.path,
    place,
    `extends names "${name}", and there is no such bottle in that folder`,
  );
}
