import type { DaemonName } from '../plans/bundle-plan.ts';
import type { SecretId } from '../plans/secret-reference.ts';
import type { SecretFingerprint } from '../scan/fingerprint.ts';

/** The one line that launch writes to init's standard input. */
export interface BundleSecretsLine {
  readonly secrets: Readonly<Record<SecretId, string>>;
}

/** The one line that init writes to a daemon's standard input; which of the two is the plan's to say. */
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
