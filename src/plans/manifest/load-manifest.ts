import { BottleError } from '../../errors.ts';
import type { Manifest } from '../manifest.ts';
import { parseBottleName } from './bottle-name.ts';
import { findMergedProblem, type MergedProblem } from './check-merged.ts';
import { type Layer, loadLayers, type ManifestContext } from './load-layers.ts';
import { mergeLayers } from './merge-layers.ts';
import { resolvePaths } from './resolve-paths.ts';
import type { ManifestFile } from './schema.ts';
import { createSourceError } from './source-error.ts';
import { toManifest } from './to-manifest.ts';

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
