import type { RequestRule } from '../policy/request-rule.ts';
import type { SecretId } from './secret-reference.ts';

/** A rule, and what may pass on it that DLP would stop. */
export interface PipelockRule extends RequestRule {
  /** Labels of known secrets that are let through; never of a credential that egress holds. */
  readonly exempt: readonly string[];
}

/**
 * What the pipelock daemon enforces. Launch writes it as two files: `pipelock.yaml`, a valid subset of
 * pipelock's own schema, and `pipelock-rules.json`, what that schema lacks.
 */
export interface PipelockPlan {
  /** The bundle's pinned address on the guest's network: the only one it listens on. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Where questions for outside names are refused and logged (UDP and TCP). */
  readonly dns: { readonly address: string; readonly port: number };
  readonly egress: { readonly address: string; readonly port: number };
  readonly mode: 'strict';
  /** Of the policy: 0 at launch; see `LivePolicy`. */
  readonly revision: number;
  readonly rules: readonly PipelockRule[];
  /** Secrets that must not leave the guest; pipelock gets fingerprints of them, never the values. */
  readonly knownSecretIds: readonly SecretId[];
  /** Labels that a rule's `exempt` may name: known secrets that are no credential of egress or the git gate. */
  readonly exemptible: readonly string[];
  /** Whether an agent can ask its operator for more; refusals then say with which tool. */
  readonly supervise: boolean;
  readonly limits: PipelockLimits;
}

export interface PipelockLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly maxUrlBytes: number;
  /** A body larger than this is refused, not passed unscanned. */
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** From a connection's first byte to the end of a request's head. */
  readonly headTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  /** Between two bytes of a tunnel or a kept-alive connection. */
  readonly idleTimeoutMs: number;
}
