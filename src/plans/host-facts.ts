/**
 * All that `prepare` may know of the world, read once by the probe. A JSON value, so that a plan can
 * be made again, byte for byte, from recorded facts.
 */
export interface HostFacts {
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: string;
  /** The operator's ids; on a platform without them both are 1000. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Where per-instance state goes: `$XDG_STATE_HOME/bottle` or its default. */
  readonly stateHome: string;
  /** 16 random hexadecimal digits; slug and address ranges are drawn from it. */
  readonly seed: string;
  /** What the invocation asks for beyond the manifest. */
  readonly invocation: Invocation;
  /** Owner of the workspace's source folder, or null where it does not exist. */
  readonly workspaceOwner: { readonly uid: number; readonly gid: number } | null;
  /** Contents of the manifest's `extraCa` files, in order, PEM. */
  readonly extraCa: readonly string[];
  /** Content of the manifest's prompt file, or null. */
  readonly prompt: string | null;
  /** References of the bundle's image and of the guest's; the tags of those bottle builds are hashes of what they are built from. */
  readonly images: { readonly bundle: string; readonly guest: string };
  /** IPv4 ranges the host already routes or has given to a network, as CIDRs, sorted. */
  readonly takenSubnets: readonly string[];
  /** What each backend found out about itself, by its name. */
  readonly backends: { readonly docker: DockerFacts };
}

export interface Invocation {
  /** Replaces the agent's command, or null. */
  readonly command: readonly string[] | null;
  readonly detach: boolean;
  /** Whether a terminal is at both ends, so that the guest gets one. */
  readonly tty: boolean;
}

export type DockerFacts =
  | { readonly kind: 'unavailable'; readonly reason: string }
  | {
      readonly kind: 'available';
      readonly engineVersion: string;
      readonly apiVersion: string;
      readonly runtimes: readonly string[];
      readonly cpus: number;
      readonly memoryBytes: number;
      /** Whether the engine's network namespace is this host's own (Linux, local socket). */
      readonly local: boolean;
    };
