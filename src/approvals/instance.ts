import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BottleError } from '../errors.ts';
import type { BottlePlan } from '../plans/bottle-plan.ts';
import type { LivePolicy } from '../plans/live-policy.ts';
import type { QueueGarbage } from './queue-entry.ts';

/** An instance of a bottle, as its folder on the host has it: nothing is asked of an engine. */
export interface Instance {
  /** As launched: without what was granted since. */
  readonly plan: BottlePlan;
  readonly policy: LivePolicy;
}

/** All instances of one operator. */
export interface FoundInstances {
  readonly instances: readonly Instance[];
  /** Folders whose plan or policy is none. */
  readonly garbage: readonly QueueGarbage[];
}

/** Finds the instances that have a folder, by their slugs. One that is still being made has no plan yet, and is not there. */
export async function findInstances(stateHome: string): Promise<FoundInstances> {
  const folder = join(stateHome, 'instances');
  const slugs = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const instances: Instance[] = [];
  const garbage: QueueGarbage[] = [];
  for (const slug of slugs.toSorted()) {
    try {
      const instance = await readInstance(join(folder, slug), slug);
      if (instance !== null) instances.push(instance);
    } catch (error) {
      if (!(error instanceof BottleError)) throw error;
      garbage.push({ bottle: slug.slice(0, -5), slug, file: 'plan.json', message: error.message });
    }
  }
  return { instances, garbage };
}

/**
 * Reads one instance, or null where it has gone or is being made.
 * @throws BottleError `request-invalid` where its plan or policy is none
 */
export async function readInstance(stateDirectory: string, slug: string): Promise<Instance | null> {
  const plan = await readJson<BottlePlan>(join(stateDirectory, 'plan.json'));
  const policy = await readJson<LivePolicy>(join(stateDirectory, 'policy.json'));
  if (plan === null || policy === null) return null;
  const isPlan = plan.version === 1 && plan.slug === slug && plan.stateDirectory === stateDirectory;
  const isPolicy =
    policy.version === 1 && Number.isSafeInteger(policy.revision) && Array.isArray(policy.grants);
  if (isPlan && isPolicy) return { plan, policy };
  throw new BottleError(
    'request-invalid',
    `The folder ${stateDirectory} is not that of a bottle of this version.`,
  );
}

/** Only the operator can write there, so what is whole is taken at its word. */
async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof SyntaxError)
      throw new BottleError('request-invalid', `The file ${path} is not JSON.`);
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
