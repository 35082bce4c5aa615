import { loadManifest } from '../../src/plans/manifest/load-manifest.ts';
import type { Manifest } from '../../src/plans/manifest.ts';

/** Loads the bottle `api-dev` of a folder whose files are given as texts by name. */
export function loadFiles(files: Readonly<Record<string, string>>): Promise<Manifest> {
  return loadManifest('api-dev', {
    readManifestFile: (name) => {
      const text = files[name];
      return text === undefined ? null : { path: `/home/op/bottles/${name}.yaml`, text };
    },
    home: '/home/op',
    workingDirectory: '/home/op/work',
  });
}

/** Loads a bottle from one text. */
export function loadText(text: string): Promise<Manifest> {
  return loadFiles({ 'api-dev': text });
}
