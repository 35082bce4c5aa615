import type { BundlePlan } from './bundle-plan.ts';
import type { EgressPlan } from './egress-plan.ts';
import type { GitGatePlan } from './git-gate-plan.ts';
import type { PipelockPlan } from './pipelock-plan.ts';
import type { SecretId, SecretReference } from './secret-reference.ts';
import type { SupervisePlan } from './supervise-plan.ts';

/** A file that is in the guest before its first process starts, below `/etc/bottle`, read-only there. */
export interface GuestFile {
  /** Relative to `/etc/bottle`. */
  readonly path: string;
  readonly content: string;
}

/** What runs in the guest, the same on every backend. */
export interface GuestPlan {
  readonly image: string;
  /** The guest's first process: the agent, or the command that `up -- cmd` was given. */
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly home: string;
  readonly workdir: '/workspace';
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly GuestFile[];
  /** Files that are put into the guest's home before its first process, owned by its user; paths are relative to the home. */
  readonly homeFiles: readonly GuestFile[];
  readonly workspace: { readonly source: string; readonly mode: 'bind' | 'clone' | 'copy' };
  readonly resources: { readonly cpus: number; readonly memoryBytes: number; readonly pids: number };
}

/** An address range of one bottle's own and who has which address in it. */
export interface SubnetPlan {
  readonly cidr: string;
  readonly gateway: string;
  readonly bundle: string;
}

export interface DockerBackendPlan {
  readonly kind: 'docker';
  readonly runtime: string;
  readonly guestNetwork: SubnetPlan & { readonly name: string; readonly guest: string };
  readonly uplinkNetwork:
    | (SubnetPlan & { readonly kind: 'owned'; readonly name: string })
    | { readonly kind: 'existing'; readonly name: string };
  readonly bundleContainer: string;
  readonly guestContainer: string;
  readonly homeVolume: string;
  /** The volume with the git gate's mirrors, or null where there is no gate. */
  readonly mirrorVolume: string | null;
  /** The volume that holds a cloned or copied workspace, or null where it is bound. */
  readonly workspaceVolume: string | null;
}

/** One member a backend. */
export type BackendPlan = DockerBackendPlan;

/** Everything `launch` will do: immutable, JSON, no secret values, no handles. */
export interface BottlePlan {
  readonly version: 1;
  readonly name: string;
  /** `<name>-<4 hex>`: names every resource of this instance. */
  readonly slug: string;
  readonly manifestSources: readonly string[];
  readonly detach: boolean;
  /** Absolute path of this instance's folder on the host. */
  readonly stateDirectory: string;
  readonly secrets: Readonly<Record<SecretId, SecretReference>>;
  readonly bundle: BundlePlan;
  readonly pipelock: PipelockPlan;
  readonly egress: EgressPlan;
  /** Null where the manifest names no remotes: then the daemon does not run. */
  readonly gitGate: GitGatePlan | null;
  /** Null where the manifest does not ask for it: then the daemon does not run. */
  readonly supervise: SupervisePlan | null;
  readonly guest: GuestPlan;
  readonly backend: BackendPlan;
  /** SHA-256 over the canonical JSON of everything above, hexadecimal. */
  readonly hash: string;
}
