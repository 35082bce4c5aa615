import type { SecretId } from './secret-reference.ts';

/** Names of the daemons a bundle can run; the order of a plan's list is the order of their start. */
export type DaemonName = 'egress' | 'pipelock' | 'git-gate' | 'supervise';

export interface DaemonPlan {
  readonly name: DaemonName;
  /** Numeric ids of its own user inside the bundle. */
  readonly uid: number;
  readonly gid: number;
  readonly argv: readonly string[];
  readonly secrets: {
    /** Secrets it is given themselves. */
    readonly values: readonly SecretId[];
    /** Secrets it is given one-way marks of, to recognise them by. */
    readonly fingerprints: readonly SecretId[];
  };
  /** Whether init passes it what the other daemons refuse, a JSON object a line on standard input after its secrets. */
  readonly hearsRefusals: boolean;
}

/** What the bundle's init does; written as `bundle.json`. */
export interface BundlePlan {
  readonly image: string;
  readonly daemons: readonly DaemonPlan[];
  /** What logs and refusals call each secret of the daemons: its reference's name, such as `ANTHROPIC_API_KEY`. */
  readonly secretLabels: Readonly<Record<SecretId, string>>;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** From start to the last daemon's readiness. */
  readonly readyTimeoutMs: number;
  /** Where the folder with the daemons' files is mounted, read-only. */
  readonly configDirectory: '/etc/bottle';
}
