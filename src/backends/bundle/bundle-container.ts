import type { BundlePlan } from '../../plans/bundle-plan.ts';
import type { ContainerSpec } from '../engine/container-spec.ts';

/** Where one bundle's container goes. */
export interface BundlePlace {
  readonly container: string;
  /** The network it shares with its guest, and its pinned address there. */
  readonly network: { readonly name: string; readonly address: string };
  /** The folder on the host with the daemons' configuration files and the operator's decisions. */
  readonly configFolder: string;
  /** Folders on the host that a daemon leaves requests in, and where it finds them: one a daemon that asks. */
  readonly queues: readonly { readonly source: string; readonly target: string }[];
  /** The volume with the git gate's mirrors, and where they are; null where there is no gate. */
  readonly mirrors: { readonly volume: string; readonly target: string } | null;
  readonly labels: Readonly<Record<string, string>>;
}

const mebibyte = 1024 * 1024;

/** Up to five Node processes and room for bursts; what goes past it is ended, and with it the guest's way out. */
const daemonMemoryBytes = 512 * mebibyte;
const daemonPids = 256;

/**
 * What git takes besides. Unpacking a push or packing a clone takes memory by the repository's size; each git process is bounded by
 * the gate itself, and this is for a few at once and for the files they read, so that they are not what ends the bundle.
 */
const gitMemoryBytes = 2048 * mebibyte;
/** Git starts a thread a processor in each process that packs, and there are several to a connection. */
const gitPids = 1024;

/** The bundle's container. Each of its settings closes a way; see docs/security.md. */
export function toBundleContainer(plan: BundlePlan, place: BundlePlace): ContainerSpec {
  const { mirrors } = place;
  return {
    name: place.container,
    image: plan.image,
    argv: null,
    // Init is root, to give each daemon its own user and to end it; it never reads a byte of the guest's.
    user: '0:0',
    workdir: null,
    hostname: 'bundle',
    env: {},
    labels: place.labels,
    tty: false,
    stdin: 'once',
    init: false,
    network: place.network,
    dns: [],
    mounts: [
      // SECURITY: read-only, decisions too: no daemon, and so nobody behind one, answers a request.
      { kind: 'bind', source: place.configFolder, target: plan.configDirectory, readOnly: true },
      // SECURITY: anyone may write in these folders; the image closes the way to each for all but its daemon.
      ...place.queues.map((queue) => ({ kind: 'bind' as const, ...queue, readOnly: false })),
      ...(mirrors === null
        ? []
        : [{ kind: 'volume' as const, name: mirrors.volume, target: mirrors.target }]),
    ],
    tmpfs: {
      '/tmp': `rw,nosuid,nodev,noexec,mode=1777,size=${16 * mebibyte}`,
      '/run': `rw,nosuid,nodev,noexec,mode=755,size=${16 * mebibyte}`,
    },
    readOnlyRoot: true,
    capabilities: ['SETUID', 'SETGID', 'KILL'],
    sysctls: {
      // SECURITY: the bundle stands in two networks; it must not be a router between them.
      'net.ipv4.ip_forward': '0',
      // So that the DNS refuser gets port 53 without a capability.
      'net.ipv4.ip_unprivileged_port_start': '0',
    },
    resources: {
      cpus: null,
      memoryBytes: daemonMemoryBytes + (mirrors === null ? 0 : gitMemoryBytes),
      pids: daemonPids + (mirrors === null ? 0 : gitPids),
    },
    runtime: null,
  };
}
