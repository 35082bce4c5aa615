import { dirname } from 'node:path/posix';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { ContainerSpec, MountSpec } from '../engine/container-spec.ts';

const mebibyte = 1024 * 1024;

/** Where a guest's home volume is mounted: the folder above the home, so that the home itself can be given to its user. */
export function homeMountPoint(home: string): string {
  const above = dirname(home);
  return above === '/' ? home : above;
}

/** The guest's container. Each of its settings closes a way; see docs/security.md. */
export function toGuestContainer(
  plan: BottlePlan,
  options: { readonly filesFolder: string; readonly labels: Readonly<Record<string, string>> },
): ContainerSpec {
  const { guest, backend } = plan;
  const { guestNetwork } = backend;
  return {
    name: backend.guestContainer,
    image: guest.image,
    argv: guest.argv,
    user: `${guest.user.uid}:${guest.user.gid}`,
    workdir: guest.workdir,
    hostname: plan.name,
    env: guest.env,
    labels: options.labels,
    tty: guest.tty,
    // A terminal may be attached again and again. Without one, the first client's end of input is the process's;
    // where nobody will attach, that is at once.
    stdin: guest.tty ? 'open' : plan.detach ? 'closed' : 'once',
    init: true,
    network: { name: guestNetwork.name, address: guestNetwork.guest },
    // SECURITY: names are asked of the bundle, which refuses and logs; the host's resolver would pass them on.
    dns: [guestNetwork.bundle],
    mounts: [
      { kind: 'bind', source: options.filesFolder, target: '/etc/bottle', readOnly: true },
      { kind: 'volume', name: backend.homeVolume, target: homeMountPoint(guest.home) },
      toWorkspaceMount(plan),
    ],
    tmpfs: {
      // Programs are run from /tmp by installers and test suites; what they use counts as the guest's memory.
      '/tmp': `rw,nosuid,nodev,exec,mode=1777,size=${1024 * mebibyte}`,
      '/run': `rw,nosuid,nodev,noexec,mode=1777,size=${64 * mebibyte}`,
    },
    readOnlyRoot: true,
    capabilities: [],
    sysctls: {},
    resources: guest.resources,
    runtime: backend.runtime,
  };
}

function toWorkspaceMount({ guest, backend }: BottlePlan): MountSpec {
  if (backend.workspaceVolume !== null) {
    return { kind: 'volume', name: backend.workspaceVolume, target: guest.workdir };
  }
  return { kind: 'bind', source: guest.workspace.source, target: guest.workdir, readOnly: false };
}
