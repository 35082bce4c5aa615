import { readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BottleError } from '../errors.ts';
import { type Environment, manifestFolder } from './folders.ts';

const suffix = '.yaml';

/** The operator's manifests, `<name>.yaml` in one folder. SECURITY: nothing is ever looked for in a repository. */
export interface ManifestFiles {
  readonly folder: string;
  pathOf(name: string): string;
  /** Path and text, or null where there is none. Throws BottleError `manifest-invalid` where it cannot be read. */
  read(name: string): { readonly path: string; readonly text: string } | null;
  /** The names of all, sorted. */
  list(): Promise<readonly string[]>;
  /** Writes a new one. Throws BottleError `manifest-exists`. */
  create(name: string, text: string): Promise<string>;
}

/** Finds the manifests' folder by the environment. */
export function createManifestFiles(env: Environment): ManifestFiles {
  const folder = manifestFolder(env);
  const pathOf = (name: string): string => join(folder, `${name}${suffix}`);
  return {
    folder,
    pathOf,
    read(name) {
      const path = pathOf(name);
      try {
        return { path, text: readFileSync(path, 'utf8') };
      } catch (error) {
        if (isMissing(error)) return null;
        throw new BottleError('manifest-invalid', `The manifest ${path} cannot be read.`, { cause: error });
      }
    },
    async list() {
      const entries = await readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      return entries
        .flatMap((entry) => (entry.endsWith(suffix) ? [entry.slice(0, -suffix.length)] : []))
        .sort();
    },
    async create(name, text) {
      const path = pathOf(name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      try {
        await writeFile(path, text, { flag: 'wx', mode: 0o600 });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        throw new BottleError('manifest-exists', `The manifest ${path} is there already.`);
      }
      return path;
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
