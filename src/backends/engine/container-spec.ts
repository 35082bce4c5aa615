import type { ContainerCreateOptions } from 'dockerode';

/** A container to create: the part of the engine's settings that bottle uses, each said outright. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Replaces the image's own entry point and command, or null to keep both. */
  readonly argv: readonly string[] | null;
  /** `<uid>:<gid>`, or null for the image's own. */
  readonly user: string | null;
  readonly workdir: string | null;
  readonly hostname: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly tty: boolean;
  /** `closed`: end of file at once. `once`: ends with the first client that ends it. `open`: stays. */
  readonly stdin: 'closed' | 'once' | 'open';
  /** Puts the engine's small init before the process, so that signals and orphans are handled. */
  readonly init: boolean;
  /** The network it is created in; null for none at all. */
  readonly network: { readonly name: string; readonly address: string } | null;
  readonly dns: readonly string[];
  readonly mounts: readonly MountSpec[];
  /** Mount options by path. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly readOnlyRoot: boolean;
  /** On top of none. */
  readonly capabilities: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly resources: { readonly cpus: number | null; readonly memoryBytes: number; readonly pids: number };
  /** The engine's default where null. */
  readonly runtime: string | null;
}

export type MountSpec =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly kind: 'volume'; readonly name: string; readonly target: string };

/** Bounds what a chatty container can fill of the host's disk. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };

/** Translates a specification into the engine's own. */
export function toCreateOptions(spec: ContainerSpec): ContainerCreateOptions {
  const network = spec.network;
  return {
    name: spec.name,
    Image: spec.image,
    Hostname: spec.hostname,
    ...(spec.argv === null ? {} : { Entrypoint: spec.argv.slice(0, 1), Cmd: spec.argv.slice(1) }),
    ...(spec.user === null ? {} : { User: spec.user }),
    ...(spec.workdir === null ? {} : { WorkingDir: spec.workdir }),
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    Tty: spec.tty,
    OpenStdin: spec.stdin !== 'closed',
    StdinOnce: spec.stdin === 'once',
    AttachStdin: spec.stdin !== 'closed',
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      Init: spec.init,
      NetworkMode: network?.name ?? 'none',
      Dns: [...spec.dns],
      // SECURITY: without these the engine copies the host's own search domains and options.
      DnsSearch: spec.dns.length > 0 ? ['.'] : [],
      DnsOptions: [],
      Mounts: spec.mounts.map(toMount),
      Tmpfs: { ...spec.tmpfs },
      ReadonlyRootfs: spec.readOnlyRoot,
      Privileged: false,
      // SECURITY: no capability but the ones named here, not even for root, and none to be gained.
      CapDrop: ['ALL'],
      CapAdd: [...spec.capabilities],
      SecurityOpt: ['no-new-privileges:true'],
      IpcMode: 'private',
      Sysctls: { ...spec.sysctls },
      ...(spec.resources.cpus === null ? {} : { NanoCpus: Math.round(spec.resources.cpus * 1e9) }),
      Memory: spec.resources.memoryBytes,
      // The same amount: no swap beyond it.
      MemorySwap: spec.resources.memoryBytes,
      PidsLimit: spec.resources.pids,
      // A core dump would write a process's memory, secrets and all, to a file.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      RestartPolicy: { Name: 'no' },
      LogConfig: logConfig,
      ...(spec.runtime === null ? {} : { Runtime: spec.runtime }),
    },
    ...(network === null
      ? {}
      : {
          NetworkingConfig: {
            EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: network.address } } },
          },
        }),
  };
}

function toMount(mount: MountSpec) {
  if (mount.kind === 'volume') return { Type: 'volume' as const, Source: mount.name, Target: mount.target };
  return {
    Type: 'bind' as const,
    Source: mount.source,
    Target: mount.target,
    ReadOnly: mount.readOnly,
    // A mount made on the host later does not show up inside, nor the other way round.
    BindOptions: { Propagation: 'rprivate' as const },
  };
}
