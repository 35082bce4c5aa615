import { BottleError } from '../../errors.ts';
import type { DockerBackendPlan } from '../bottle-plan.ts';
import type { DockerFacts, HostFacts } from '../host-facts.ts';
import type { Manifest } from '../manifest.ts';
import { prepareSubnets } from './subnets.ts';

type AvailableDocker = DockerFacts & { readonly kind: 'available' };

/**
 * Decides names, addresses and the runtime on Docker.
 * @throws BottleError `backend-unavailable` when the runtime the manifest asks for or a free range is missing
 */
export function prepareDockerBackend(
  manifest: Manifest,
  docker: AvailableDocker,
  facts: Pick<HostFacts, 'seed' | 'takenSubnets'>,
  slug: string,
): DockerBackendPlan {
  const prefix = `bottle-${slug}`;
  const subnets = prepareSubnets(facts.seed, facts.takenSubnets);
  const existing = manifest.egress.network;
  return {
    kind: 'docker',
    runtime: chooseRuntime(manifest.docker.runtime, docker),
    guestNetwork: { name: `${prefix}-net`, ...subnets.guest },
    uplinkNetwork:
      existing === null
        ? { kind: 'owned', name: `${prefix}-uplink`, ...subnets.uplink }
        : { kind: 'existing', name: existing },
    bundleContainer: `${prefix}-bundle`,
    guestContainer: `${prefix}-guest`,
    homeVolume: `${prefix}-home`,
    mirrorVolume: manifest.git.remotes.length === 0 ? null : `${prefix}-mirrors`,
    workspaceVolume: manifest.workspace.mode === 'bind' ? null : `${prefix}-workspace`,
  };
}

/** gVisor where the engine has it: a kernel of the guest's own between it and the host's. */
function chooseRuntime(asked: Manifest['docker']['runtime'], { runtimes }: AvailableDocker): string {
  if (asked === 'auto') return runtimes.includes('runsc') ? 'runsc' : 'runc';
  if (runtimes.includes(asked)) return asked;
  // SECURITY: a manifest that asks for a stronger wall never gets a weaker one instead.
  throw new BottleError(
    'backend-unavailable',
    `The engine has no runtime "${asked}", which the manifest asks for.`,
    {
      hint: `The engine has: ${runtimes.join(', ')}. Install the runtime, or set docker.runtime to "auto".`,
    },
  );
}
