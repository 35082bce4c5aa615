import type { SecretId } from './secret-reference.ts';

/** What a check of a push does with what it finds. A report is a warning to agent, log and approval. */
export type CheckAction = 'refuse' | 'report';

/** Where a remote's repository is, and with what the gate proves who it is. */
export type GitUpstream =
  | {
      readonly kind: 'ssh';
      readonly user: string;
      /** Lower case. */
      readonly host: string;
      readonly port: number;
      /** As the server is asked for it: `o/r.git` or `/srv/r.git`. */
      readonly path: string;
      /** Lines for a known_hosts file. SECURITY: the only keys that are trusted; a bottle never learns one. */
      readonly knownHosts: readonly string[];
      /** The private key; a secret like any other. */
      readonly identity: SecretId;
    }
  | {
      readonly kind: 'https';
      readonly host: string;
      readonly port: number;
      /** With a leading slash. */
      readonly path: string;
      readonly auth: { readonly username: string; readonly secretId: SecretId } | null;
    };

export interface GitRemotePlan {
  /** The manifest's name for it: `origin`. */
  readonly name: string;
  /** As the manifest has it. */
  readonly url: string;
  /** How a guest asks the gate for it: `github.com/o/r`; with or without `.git`. */
  readonly gatePath: string;
  readonly upstream: GitUpstream;
  /**
   * Patterns of refs that may be pushed; short ones are branches (`agent/*`), others begin with `refs/`. `*` matches
   * within one part of a name, `**` across parts. Empty: the remote is read-only.
   */
  readonly push: readonly string[];
  /** Whether branches that this bottle made through its gate may be pushed by force. Nothing else ever may. */
  readonly force: boolean;
  /** Whether each push waits for the operator. */
  readonly approve: boolean;
  readonly checks: {
    readonly submodules: CheckAction;
    readonly attributes: CheckAction;
    readonly hooks: CheckAction;
    readonly symlinks: CheckAction;
    readonly lfs: CheckAction;
  };
  readonly limits: GitPushLimits;
}

/** How large one push may be. */
export interface GitPushLimits {
  /** Of a push's pack, as sent. */
  readonly maxPushBytes: number;
  /** Of one file, unpacked. */
  readonly maxFileBytes: number;
  /** Of all new objects of a push, unpacked. */
  readonly maxUnpackedBytes: number;
  /** Refs in one push. */
  readonly maxRefs: number;
  /** Commits in one push. */
  readonly maxCommits: number;
}

/** What the git-gate daemon serves, scans and forwards. Written as `git-gate.json`. */
export interface GitGatePlan {
  /** The bundle's pinned address on the guest's network. */
  readonly listen: { readonly address: string; readonly port: number };
  readonly remotes: readonly GitRemotePlan[];
  /** A volume of this bottle's: one bare repository a remote. */
  readonly mirrorDirectory: '/var/lib/bottle/git-gate/mirrors';
  readonly queueDirectory: '/var/lib/bottle/git-gate/queue';
  /** PEM texts of further certificate authorities. */
  readonly extraCa: readonly string[];
  /** Keys and tokens it is given the values of. */
  readonly secretIds: readonly SecretId[];
  readonly secretLabels: Readonly<Record<SecretId, string>>;
  readonly limits: GitGateLimits;
}

/** What holds for all remotes together. */
export interface GitGateLimits {
  /** What one git process may allocate; a pack that needs more ends that process and nothing else. */
  readonly maxGitMemoryBytes: number;
  readonly maxConnections: number;
  /** To the end of a connection's first line. */
  readonly requestTimeoutMs: number;
  /** Of one refresh from upstream. */
  readonly refreshTimeoutMs: number;
  /** Of the push to upstream. */
  readonly pushTimeoutMs: number;
  /** Between two bytes of a connection. */
  readonly idleTimeoutMs: number;
  /** Until a push that nobody approves is refused. */
  readonly approvalTimeoutMs: number;
}
