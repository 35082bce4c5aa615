import { BottleError } from '../../errors.ts';
import type { BottlePlan } from '../bottle-plan.ts';
import { deepFreeze } from '../freeze.ts';
import { hashJson } from '../hash.ts';
import type { HostFacts } from '../host-facts.ts';
import type { Manifest } from '../manifest.ts';
import { prepareBundle } from './bundle.ts';
import { prepareDockerBackend } from './docker-backend.ts';
import { prepareEgress } from './egress.ts';
import { prepareGitGate } from './git-gate.ts';
import { prepareGuest } from './guest.ts';
import { preparePipelock } from './pipelock.ts';
import { prepareSecrets } from './secrets.ts';
import { prepareSupervise } from './supervise.ts';

/**
 * Decides everything that launch will do. Pure: the same manifest and facts give the same bytes.
 * @returns a deep-frozen JSON value
 * @throws BottleError when the facts make the manifest impossible: `backend-unavailable` for an engine, runtime or free range
 *   that is missing, `manifest-invalid` for a workspace that is not there
 */
export function prepareBottle(manifest: Manifest, facts: HostFacts): BottlePlan {
  const docker = facts.backends.docker;
  if (docker.kind === 'unavailable') throw new BottleError('backend-unavailable', docker.reason);
  const slug = `${manifest.name}-${facts.seed.slice(0, 4)}`;
  const secrets = prepareSecrets(manifest);
  const backend = prepareDockerBackend(manifest, docker, facts, slug);
  const bundleAddress = backend.guestNetwork.bundle;
  const gitGate = prepareGitGate(manifest, facts, secrets, bundleAddress);
  const supervise = prepareSupervise(manifest, secrets, bundleAddress);
  const plan = {
    version: 1,
    name: manifest.name,
    slug,
    manifestSources: manifest.sources,
    detach: facts.invocation.detach,
    stateDirectory: `${facts.stateHome}/instances/${slug}`,
    secrets: secrets.references,
    bundle: prepareBundle(facts.images.bundle, manifest, secrets),
    pipelock: preparePipelock(manifest, secrets, bundleAddress),
    egress: prepareEgress(manifest, facts, secrets),
    gitGate,
    supervise,
    guest: prepareGuest(manifest, facts, { address: bundleAddress, gitGate, supervise }, docker.cpus),
    backend,
  } as const;
  return deepFreeze({ ...structuredClone(plan), hash: hashJson(plan) });
}
