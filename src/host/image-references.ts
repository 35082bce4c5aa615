import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import type { HostFacts } from '../plans/host-facts.ts';
import type { Manifest } from '../plans/manifest.ts';

/** References of the images that bottle builds, as the build wrote them. */
export interface BuiltReferences {
  readonly bundle: string;
  readonly agents: Readonly<Record<string, string>>;
}

/** Reads `dist/images.json` of bottle's own package. Throws BottleError `bug` where the build did not write it. */
export async function readBuiltReferences(packageRoot: string): Promise<BuiltReferences> {
  const path = join(packageRoot, 'dist', 'images.json');
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new BottleError('bug', `${path} cannot be read.`, { hint: 'Run "npm run build".', cause: error });
  }
}

/**
 * Names the images of a bottle. An own Dockerfile's image is named by a hash of the Dockerfile's text.
 * @throws BottleError `manifest-invalid` where the Dockerfile cannot be read
 */
export async function findImageReferences(
  manifest: Manifest,
  packageRoot: string,
): Promise<HostFacts['images']> {
  const built = await readBuiltReferences(packageRoot);
  return { bundle: built.bundle, guest: await findGuestReference(manifest, built) };
}

async function findGuestReference({ image, agent, name }: Manifest, built: BuiltReferences): Promise<string> {
  if (image.kind === 'reference') return image.reference;
  if (image.kind === 'dockerfile') return `bottle-guest-${name}:${await hashDockerfile(image.path)}`;
  const kind = agent.kind === 'command' ? 'shell' : agent.kind;
  const reference = built.agents[kind];
  if (reference === undefined) throw new BottleError('bug', `There is no image for the agent "${kind}".`);
  return reference;
}

async function hashDockerfile(path: string): Promise<string> {
  const text = await readFile(path).catch((cause: unknown) => {
    throw new BottleError('manifest-invalid', `The Dockerfile ${path} cannot be read.`, { cause });
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
