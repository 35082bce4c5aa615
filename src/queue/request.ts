import type { Proposal } from './proposal.ts';

/** The daemons that ask; each writes into a folder of its own. */
export type QueueDaemon = 'supervise' | 'git-gate';

/** `req-` and 8 hexadecimal digits; also the file's name, with `.json`. */
export type RequestId = `req-${string}`;

/**
 * One file of the queue, `<state>/queue/<daemon>/<id>.json`. Its daemon alone writes it, whole and by rename. The operator's
 * side never writes there: an answer is a {@link Decision}, in a folder the bundle can only read.
 */
export interface QueueRequest {
  readonly version: 1;
  readonly id: RequestId;
  readonly daemon: QueueDaemon;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** When no answer has come by then, the request has lapsed, and that is a refusal. */
  readonly expiresAt: string;
  /** How often the same was asked while it waited: at least 1. */
  readonly asked: number;
  /** Why, in the agent's words; cut to a bound, control characters still in it. */
  readonly reason: string;
  readonly proposal: Proposal;
  /** When its daemon gave up waiting, or null. */
  readonly lapsedAt: string | null;
}

/** An operator's answer, `<state>/bundle/decisions/<id>.json`, which the bundle sees read-only below `/etc/bottle/decisions`. */
export interface Decision {
  readonly version: 1;
  readonly id: RequestId;
  readonly status: 'approved' | 'rejected';
  /** For the agent. */
  readonly notes: string;
  /** Who decided: the operator's login name. */
  readonly operator: string;
  readonly decidedAt: string;
  /** What was approved, which an edit may have changed; null when rejected. */
  readonly proposal: Proposal | null;
  /** Since which revision of the policy it holds, or null where it changed none. */
  readonly revision: number | null;
}
