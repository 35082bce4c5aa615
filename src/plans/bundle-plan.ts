import type { SecretId } from './secret-reference.ts';

/** Names of the daemons a bundle can run; the order of a plan's list is the order of their start. */
export type DaemonName = 'egress' | 'pipelock';

export interface DaemonPlan {
  readonly name: DaemonName;
  /** Numeric ids of its own user inside the bundle. */
  readonly uid: number;
  readonly gid: number;
  readonly argv: readonly string[];
  /** `values`: the secrets themselves; `fingerprints`: one-way marks to recognise them by. */
  readonly secrets: 'values' | 'fingerprints';
  readonly secretIds: readonly SecretId[];
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
