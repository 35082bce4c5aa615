import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { BottleError } from '../errors.ts';
import type { HostFacts, Invocation } from '../plans/host-facts.ts';
import type { Manifest } from '../plans/manifest.ts';
import { type Environment, stateHome } from './folders.ts';
import { readRoutedSubnets } from './host-routes.ts';
import { findImageReferences } from './image-references.ts';
import { findPackageRoot } from './package-root.ts';

/** What every backend found out about itself. */
export interface BackendFacts {
  readonly backends: HostFacts['backends'];
  /** IPv4 ranges that networks of the backends have. */
  readonly subnets: readonly string[];
}

export interface ProbeSurroundings {
  readonly env: Environment;
  readonly invocation: Invocation;
  /** Asks the backends. */
  readonly probeBackends: () => Promise<BackendFacts>;
}

const maxFileBytes = 1024 * 1024;

/**
 * Reads all that `prepare` may know of the world. Decides nothing, makes nothing.
 * @throws BottleError `manifest-invalid` when a file that the manifest names cannot be read
 */
export async function probeHost(manifest: Manifest, surroundings: ProbeSurroundings): Promise<HostFacts> {
  const { env, invocation, probeBackends } = surroundings;
  const [backends, routed, images, workspaceOwner, prompt, extraCa] = await Promise.all([
    probeBackends(),
    readRoutedSubnets(),
    findImageReferences(manifest, findPackageRoot()),
    readOwner(manifest.workspace.source),
    manifest.prompt === null ? null : readNamedFile(manifest.prompt, 'prompt'),
    Promise.all(manifest.egress.extraCa.map((path) => readNamedFile(path, 'extraCa'))),
  ]);
  return {
    platform: toPlatform(platform()),
    arch: arch(),
    user: { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000 },
    stateHome: stateHome(env),
    seed: randomBytes(8).toString('hex'),
    invocation,
    workspaceOwner,
    extraCa,
    prompt,
    images,
    takenSubnets: [...new Set([...backends.subnets, ...routed])].sort(),
    backends: backends.backends,
  };
}

async function readOwner(path: string): Promise<HostFacts['workspaceOwner']> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() ? { uid: stats.uid, gid: stats.gid } : null;
}

async function readNamedFile(path: string, key: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BottleError(
      'manifest-invalid',
      `The file ${path}, which the manifest names as ${key}, cannot be read.`,
      { cause },
    );
  });
  if (text.length > maxFileBytes) {
    throw new BottleError('manifest-invalid', `The file ${path} has more than ${maxFileBytes} characters.`);
  }
  return text;
}

function toPlatform(name: NodeJS.Platform): HostFacts['platform'] {
  if (name === 'linux' || name === 'darwin' || name === 'win32') return name;
  throw new BottleError('backend-unavailable', `bottle does not run on ${name}.`);
}
