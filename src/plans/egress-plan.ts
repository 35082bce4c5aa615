import type { RequestRule } from '../policy/request-rule.ts';
import type { SecretId } from './secret-reference.ts';

export type EgressAuth =
  | { readonly kind: 'header'; readonly name: string; readonly secretId: SecretId }
  | { readonly kind: 'bearer'; readonly secretId: SecretId }
  | { readonly kind: 'basic'; readonly username: string; readonly secretId: SecretId }
  | { readonly kind: 'query'; readonly name: string; readonly secretId: SecretId };

export interface EgressRoute extends RequestRule {
  readonly auth: EgressAuth | null;
}

/** What the egress daemon dials and which credential it adds where. Written as `egress.json`. */
export interface EgressPlan {
  /** Of the policy: 0 at launch; see `LivePolicy`. */
  readonly revision: number;
  /** Loopback only: no guest can reach it. */
  readonly listen: { readonly address: '127.0.0.1'; readonly port: number };
  readonly routes: readonly EgressRoute[];
  readonly allowPrivate: readonly string[];
  /** PEM texts of further certificate authorities. */
  readonly extraCa: readonly string[];
  /** The secrets whose values it is given. */
  readonly secretIds: readonly SecretId[];
  /** What logs call each of them: its reference's name, such as `ANTHROPIC_API_KEY`. */
  readonly secretLabels: Readonly<Record<SecretId, string>>;
  readonly limits: {
    readonly connectTimeoutMs: number;
    /** From the end of a request to the head of its response; streaming afterwards is not limited by it. */
    readonly responseTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly maxConnections: number;
  };
}
