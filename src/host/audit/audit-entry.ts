import type { Proposal } from '../../queue/proposal.ts';
import type { QueueDaemon, RequestId } from '../../queue/request.ts';

/** What happened, as the audit log says it. One member an event. */
export type AuditEvent =
  /** A request that was found in a bottle's queue. */
  | {
      readonly event: 'proposed';
      readonly request: RequestId;
      readonly daemon: QueueDaemon;
      /** When it was made; the entry's own time is when it was found. */
      readonly proposedAt: string;
      readonly reason: string;
      readonly proposal: Proposal;
    }
  /** An operator's answer; written before it takes effect, so that no effect is without its line. */
  | {
      readonly event: 'decided';
      readonly request: RequestId;
      readonly status: 'approved' | 'rejected';
      readonly notes: string;
      /** As approved, after an edit; null when rejected. */
      readonly proposal: Proposal | null;
    }
  /** A request that nobody answered in time. */
  | { readonly event: 'lapsed'; readonly request: RequestId; readonly lapsedAt: string }
  /** The bottle's daemons act by a changed policy. */
  | {
      readonly event: 'policy-changed';
      readonly revision: number;
      readonly cause: 'approved' | 'revoked';
      readonly request: RequestId;
      /** Lines of the policy that went (`-`) and came (`+`), in the manifest's words. */
      readonly difference: readonly string[];
    }
  /** A changed policy that a daemon refused; the bottle keeps the one it had. */
  | {
      readonly event: 'policy-refused';
      readonly cause: 'approved' | 'revoked';
      readonly request: RequestId;
      readonly message: string;
    }
  /** An operator had a grant written into the manifest. */
  | {
      readonly event: 'manifest-changed';
      readonly request: RequestId;
      readonly file: string;
      readonly difference: readonly string[];
    }
  /**
   * An answer that did not become whole, because its command was killed or its request lapsed meanwhile, put right: an approval
   * or a rejection was undone and the request waits on, a revocation was completed.
   */
  | {
      readonly event: 'interrupted';
      readonly request: RequestId;
      readonly cause: 'approved' | 'rejected' | 'revoked';
      readonly outcome: 'undone' | 'completed';
    }
  /** A file in a queue that is no request; `file` is `<daemon>/<name>`. */
  | { readonly event: 'queue-garbage'; readonly file: string; readonly message: string }
  /** A crash cut the lines before this one short; they stay as they are. Of no bottle: `bottle` and `slug` are empty. */
  | { readonly event: 'log-repaired'; readonly lines: number };

/**
 * One line of `<stateHome>/audit.jsonl`.
 * INVARIANT: `prev` is the SHA-256 of the line before, without its line end, hexadecimal; 64 zeros for the first.
 */
export type AuditEntry = AuditEvent & {
  readonly version: 1;
  /** 1 for the first line, one more for each. */
  readonly seq: number;
  readonly prev: string;
  /** When the line was written; ISO 8601, UTC. */
  readonly time: string;
  readonly bottle: string;
  readonly slug: string;
  /** The login name of who ran the command that wrote it. */
  readonly operator: string;
};
