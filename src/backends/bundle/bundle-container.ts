import type { BundlePlan } from '../../plans/bundle-plan.ts';
import type { ContainerSpec } from '../engine/container-spec.ts';

/** Where one bundle's container goes. */
export interface BundlePlace {
  readonly container: string;
  /** The network it shares with its guest, and its pinned address there. */
  readonly network: { readonly name: string; readonly address: string };
  /** The folder on the host with the daemons' configuration files. */
  readonly configFolder: string;
  readonly labels: Readonly<Record<string, string>>;
}

const mebibyte = 1024 * 1024;

/** Three Node processes and room for bursts; what goes past it is ended, and with it the guest's way out. */
const memoryBytes = 512 * mebibyte;
const pids = 256;

/** The bundle's container. Each of its settings closes a way; see docs/security.md. */
export function toBundleContainer(plan: BundlePlan, place: BundlePlace): ContainerSpec {
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
    mounts: [{ kind: 'bind', source: place.configFolder, target: plan.configDirectory, readOnly: true }],
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
    resources: { cpus: null, memoryBytes, pids },
    runtime: null,
  };
}
