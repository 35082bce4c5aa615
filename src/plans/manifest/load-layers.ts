import { BottleError } from '../../errors.ts';
import { type ParsedManifestFile, parseManifestFile } from './parse-manifest-file.ts';
import { createSourceError } from './source-error.ts';

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

/** A file of the chain of `extends`. */
export interface Layer {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  readonly file: ParsedManifestFile;
}

/**
 * Loads a bottle's own file, then its bases, each the one that the file before extends.
 * @throws BottleError, by rejection: `manifest-not-found`, or `manifest-invalid` with file, line and column
 */
export async function loadLayers(
  name: string,
  { readManifestFile }: Pick<ManifestContext, 'readManifestFile'>,
): Promise<readonly Layer[]> {
  const layers: Layer[] = [];
  let next: string | undefined = name;
  while (next !== undefined) {
    const found = await readManifestFile(next);
    if (found === null) throw createMissingError(next, layers.at(-1));
    const { path, text } = found;
    layers.push({ name: next, path, text, file: parseManifestFile(path, text) });
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
