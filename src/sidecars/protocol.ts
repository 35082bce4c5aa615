import type { DaemonName } from '../plans/bundle-plan.ts';
import type { SecretId } from '../plans/secret-reference.ts';
import type { SecretFingerprint } from '../scan/fingerprint.ts';

/** The one line that launch writes to init's standard input. */
export interface BundleSecretsLine {
  readonly secrets: Readonly<Record<SecretId, string>>;
}

/** The first line that init writes to a daemon's standard input; which of the two it holds, or both, is the plan's to say. */
export interface DaemonSecretsLine {
  readonly values?: Readonly<Record<SecretId, string>>;
  readonly fingerprints?: readonly SecretFingerprint[];
}

/**
 * Everything a daemon prints is a JSON object a line on standard output. Init adds `daemon` to each and
 * passes it on; `ready` lines it keeps for itself, and prints {@link BundleReadyEvent} after the last.
 */
export interface DaemonReadyEvent {
  readonly event: 'ready';
  /** PEM of the bottle's certificate authority; only pipelock has one. */
  readonly caCertificate?: string;
}

/** Init's own word that one daemon is ready. */
export interface DaemonStartedEvent {
  readonly event: 'daemon-ready';
  readonly daemon: 'init';
  readonly ready: DaemonName;
  /** From init's own start. */
  readonly elapsed_ms: number;
}

/** Init's own word that every daemon is ready. */
export interface BundleReadyEvent {
  readonly event: 'bundle-ready';
  readonly daemon: 'init';
  readonly caCertificate: string;
}

/** Init's own word that the bundle ends because a daemon did. */
export interface BundleFailedEvent {
  readonly event: 'bundle-failed';
  readonly daemon: 'init';
  /** Who ended first. */
  readonly failed: string;
  readonly message: string;
}

/**
 * A daemon's word, after SIGHUP, that it acts by a revision of its configuration, and that what went by rules which that one no
 * longer has is cut. Init passes it on with the daemon's name, as it does with every line; who asked for the change waits for it.
 *
 * Revisions grow, but for one step: a change that another daemon refused is undone by the revision before it. What is older still
 * is refused. The same one again is read and acknowledged again.
 */
export interface ReloadedEvent {
  readonly event: 'reloaded';
  readonly revision: number;
  /** Connections that ended because their rule is gone or another. */
  readonly connections_cut: number;
}

/** A daemon's word that it keeps to the configuration it has, because the new one is wrong. */
export interface ReloadRefusedEvent {
  readonly event: 'reload-refused';
  readonly level: 'error';
  /** One plain sentence. */
  readonly message: string;
}

/**
 * One refusal of a daemon, as init passes it to those that hear refusals: a line of the log with `event: "blocked"`, and
 * the name of the daemon that said it.
 */
export interface RefusalLine {
  readonly daemon: DaemonName;
  readonly event: 'blocked';
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly reason: string;
  /** Which rule refused: `allowlist`, `dlp`, `git`, ... */
  readonly layer: string;
  /** What the guest was told. */
  readonly hint: string;
  /** Redacted where it holds a known secret; absent where it was no request. */
  readonly url?: string;
  readonly method?: string;
  /** Label of the known secret that was found; the rule of an exemption. */
  readonly secret?: string;
  /** Id of the rule that would have let the request pass, where a secret alone stopped it. */
  readonly route?: string;
}
