import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BottleError } from '../errors.ts';

/**
 * The folder of bottle's own package, with `images/` and `dist/` in it: the nearest folder above this module that holds
 * `oclif`'s and npm's `package.json`, whether the module is a source or part of the build.
 */
export function findPackageRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'images'))) return folder;
  }
  throw new BottleError('bug', "The folder of bottle's own package is not there.");
}
