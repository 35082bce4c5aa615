import type { RequestRule } from '../policy/request-rule.ts';
import type { GitRemotePlan, GitUpstream } from './git-gate-plan.ts';
import type { SecretReference } from './secret-reference.ts';

/** How a route's credential is added on the way out. */
export type ManifestAuth =
  | { readonly kind: 'header'; readonly name: string; readonly secret: SecretReference }
  | { readonly kind: 'bearer'; readonly secret: SecretReference }
  | { readonly kind: 'basic'; readonly username: string; readonly secret: SecretReference }
  | { readonly kind: 'query'; readonly name: string; readonly secret: SecretReference };

export interface ManifestRoute extends RequestRule {
  readonly auth: ManifestAuth | null;
  /** Labels of known secrets that may pass on it. */
  readonly exempt: readonly string[];
}

/** A remote of the git gate; see `GitRemotePlan` for what the fields mean. */
export interface ManifestRemote extends Omit<GitRemotePlan, 'upstream' | 'gatePath' | 'limits'> {
  readonly maxPushBytes: number;
  readonly maxFileBytes: number;
  readonly upstream:
    | (Omit<Extract<GitUpstream, { kind: 'ssh' }>, 'identity'> & { readonly identity: SecretReference })
    | (Omit<Extract<GitUpstream, { kind: 'https' }>, 'auth'> & {
        readonly auth: { readonly username: string; readonly secret: SecretReference } | null;
      });
}

export interface ManifestSupervise {
  readonly answerTimeoutMs: number;
  /** A program of the operator's and its arguments, run on the host for each new request, or null. */
  readonly notify: readonly string[] | null;
}

export type AgentKind = 'claude' | 'codex' | 'opencode' | 'shell';

/** A bottle's policy after `extends` is resolved and every default is written out; deep-frozen. */
export interface Manifest {
  readonly name: string;
  /** Absolute paths of the files it came from, the bottle's own first, then its bases. */
  readonly sources: readonly string[];
  /** Which backend is asked for, or null for the best the host can run. */
  readonly backend: string | null;
  readonly image:
    | { readonly kind: 'agent' }
    | { readonly kind: 'reference'; readonly reference: string }
    | { readonly kind: 'dockerfile'; readonly path: string };
  readonly agent:
    | { readonly kind: AgentKind }
    | { readonly kind: 'command'; readonly argv: readonly string[] };
  /** Absolute path of a prompt file that is provisioned into the guest, or null. */
  readonly prompt: string | null;
  readonly workspace: { readonly source: string; readonly mode: 'bind' | 'clone' | 'copy' };
  readonly env: Readonly<Record<string, string>>;
  readonly egress: {
    readonly routes: readonly ManifestRoute[];
    /** CIDRs of private ranges that egress may dial all the same. */
    readonly allowPrivate: readonly string[];
    /** Absolute paths of PEM files that egress trusts beside the system's authorities. */
    readonly extraCa: readonly string[];
    /** An existing network that is the bundle's way out instead of one of its own, or null. */
    readonly network: string | null;
  };
  readonly pipelock: { readonly mode: 'strict'; readonly knownSecrets: readonly SecretReference[] };
  readonly git: {
    readonly user: { readonly name: string; readonly email: string };
    /** In the manifest's order. */
    readonly remotes: readonly ManifestRemote[];
  };
  /** Null where the agent has nobody to ask. */
  readonly supervise: ManifestSupervise | null;
  readonly resources: { readonly cpus: number; readonly memoryBytes: number; readonly pids: number };
  /** `agent` is an unprivileged user; `root` is root without any capability. */
  readonly user: 'agent' | 'root';
  readonly docker: { readonly runtime: 'auto' | 'runc' | 'runsc' };
}
