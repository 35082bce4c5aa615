import type { Scheme } from '../policy/request-rule.ts';

/** What the guest's side asks its operator for. Written by a daemon of the bundle; read as hostile by the operator's commands. */
export type Proposal = RouteProposal | ExemptionProposal | CapabilityProposal | PushProposal;

/** One more route for the allowlist. */
export interface RouteProposal {
  readonly kind: 'route';
  /** As in a manifest: an exact name, `*.zone` or an address. */
  readonly host: string;
  readonly scheme: Scheme;
  readonly port: number;
  /** Upper-case methods, or null for any. */
  readonly methods: readonly string[] | null;
  readonly paths: readonly string[] | null;
  /**
   * The id of a route to the same exact host whose credential goes with this one too, or null.
   * SECURITY: only an operator's edit can set it; what the guest writes here is refused.
   */
  readonly credentialOf: string | null;
}

/** One rule of the DLP engine that is to pass on one route. */
export interface ExemptionProposal {
  readonly kind: 'exemption';
  /** The route's id: `egress.routes[1]`. */
  readonly route: string;
  /** What refusals call the secret or the class: `DATABASE_URL`. Never a credential that egress holds. */
  readonly rule: string;
}

/** Anything else, in words; approving it changes nothing by itself. */
export interface CapabilityProposal {
  readonly kind: 'capability';
  readonly capability: string;
}

/** A push that the gate holds until it is approved. */
export interface PushProposal {
  readonly kind: 'push';
  /** The remote's name in the manifest. */
  readonly remote: string;
  readonly updates: readonly RefUpdate[];
  /** New commits, all refs together. */
  readonly commits: number;
  /** What `git diff --stat` says, cut to a bound. */
  readonly diffstat: string;
  /** Findings that the manifest wants reported, not refused. */
  readonly reports: readonly string[];
}

export interface RefUpdate {
  /** A full name: `refs/heads/agent/x`. */
  readonly ref: string;
  /** Object ids, hexadecimal; zeros for "there was none". */
  readonly old: string;
  readonly new: string;
  readonly change: 'create' | 'fast-forward' | 'force';
}
