import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { BottleError } from '../../errors.ts';
import { packFolder } from '../../host/folder-archive.ts';
import { readBuiltReferences } from '../../host/image-references.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { BuildImagesOptions, BuiltImage } from '../backend.ts';
import type { Engine } from '../engine/engine.ts';
import { buildImage, hasImage, pullImage } from '../engine/images.ts';
import { readIgnoreFile } from './ignore-file.ts';

/** How one image is come by. */
type ImageSource =
  | { readonly kind: 'build'; readonly openContext: () => Promise<Readable>; readonly dockerfile: string }
  | { readonly kind: 'pull' };

/** Says on an image that bottle built it. */
const imageLabels = { 'dev.bottle.image': 'true' };
const root = { uid: 0, gid: 0 };

/**
 * Builds or pulls the images of a plan, one after the other.
 * @throws BottleError `image-build-failed`, `image-missing`
 */
export async function buildImages(
  engine: Engine,
  packageRoot: string,
  plan: BottlePlan,
  options: BuildImagesOptions,
): Promise<readonly BuiltImage[]> {
  const bundle = await makeImage(engine, 'bundle', plan.bundle.image, toBundleSource(packageRoot), options);
  const source = await findGuestSource(packageRoot, plan.guest.image, options);
  return [bundle, await makeImage(engine, 'guest', plan.guest.image, source, options)];
}

async function makeImage(
  engine: Engine,
  kind: BuiltImage['kind'],
  reference: string,
  source: ImageSource,
  { signal, onOutput, force }: BuildImagesOptions,
): Promise<BuiltImage> {
  signal.throwIfAborted();
  if (!force && (await hasImage(engine, reference))) return { kind, reference, outcome: 'present' };
  if (source.kind === 'pull') {
    await pullImage(engine, reference, { signal, onOutput });
    return { kind, reference, outcome: 'pulled' };
  }
  const { dockerfile, openContext } = source;
  await buildImage(engine, await openContext(), {
    reference,
    dockerfile,
    labels: imageLabels,
    signal,
    onOutput,
  });
  return { kind, reference, outcome: 'built' };
}

/** The bundle's: its own folder and every program of the sidecars, as the build made them. */
function toBundleSource(packageRoot: string): ImageSource {
  const openContext = async (): Promise<Readable> =>
    packFolder(join(packageRoot, 'images', 'bundle'), {
      root: null,
      owner: root,
      extraFiles: await readSidecars(join(packageRoot, 'dist', 'sidecars')),
    });
  return { kind: 'build', dockerfile: 'Dockerfile', openContext };
}

async function readSidecars(folder: string): Promise<Readonly<Record<string, Uint8Array>>> {
  try {
    const names = (await readdir(folder)).toSorted();
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [`sidecars/${name}`, await readFile(join(folder, name))] as const),
      ),
    );
  } catch (cause) {
    throw new BottleError('image-build-failed', `The programs of the bundle in ${folder} cannot be read.`, {
      hint: 'Run "npm run build".',
      cause,
    });
  }
}

async function findGuestSource(
  packageRoot: string,
  reference: string,
  { extraCaFiles, dockerfile }: BuildImagesOptions,
): Promise<ImageSource> {
  const { agents } = await readBuiltReferences(packageRoot);
  const agent = Object.entries(agents).find(([, own]) => own === reference)?.[0];
  if (agent !== undefined) {
    const folder = join(packageRoot, 'images', 'agents', agent);
    const openContext = async (): Promise<Readable> =>
      packFolder(folder, { root: null, owner: root, extraFiles: await readAuthorities(extraCaFiles) });
    return { kind: 'build', dockerfile: 'Dockerfile', openContext };
  }
  if (dockerfile === null) return { kind: 'pull' };
  const folder = dirname(dockerfile);
  const openContext = async (): Promise<Readable> => {
    const isExcluded = await readIgnoreFile(folder, basename(dockerfile));
    return packFolder(folder, { root: null, owner: root, isExcluded });
  };
  return { kind: 'build', dockerfile: basename(dockerfile), openContext };
}

/** Where our own Dockerfiles look for a company's authorities. The folder is always there, so that it can be copied. */
async function readAuthorities(paths: readonly string[]): Promise<Readonly<Record<string, Uint8Array>>> {
  const files: Record<string, Uint8Array> = { 'extra-ca/': new Uint8Array() };
  for (const [index, path] of paths.entries()) {
    files[`extra-ca/extra-${index}.crt`] = await readFile(path).catch((cause: unknown) => {
      throw new BottleError('usage-invalid', `The authorities' file ${path} cannot be read.`, { cause });
    });
  }
  return files;
}
