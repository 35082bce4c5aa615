import type { DockerFacts, HostFacts } from '../../src/plans/host-facts.ts';

/** What a Docker engine on this host might say of itself. */
export const dockerFacts: DockerFacts & { readonly kind: 'available' } = {
  kind: 'available',
  engineVersion: '20.10.24',
  apiVersion: '1.41',
  runtimes: ['runc'],
  cpus: 4,
  memoryBytes: 16 * 1024 ** 3,
  local: true,
};

/** Facts of an ordinary operator's Linux host, with what a test changes of them. */
export function createHostFacts(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    platform: 'linux',
    arch: 'x64',
    user: { uid: 1234, gid: 2345 },
    stateHome: '/home/op/.local/state/bottle',
    seed: '1a2b3c4d5e6f7081',
    invocation: { command: null, detach: false, tty: true },
    workspaceOwner: { uid: 1234, gid: 2345 },
    extraCa: [],
    prompt: null,
    images: { bundle: 'bottle-bundle:0123456789ab', guest: 'bottle-claude:0123456789ab' },
    takenSubnets: [],
    backends: { docker: dockerFacts },
    ...changes,
  };
}
