import type { Decision, QueueRequest } from '../queue/request.ts';

/** A request of some bottle on this host, and how it stands. */
export interface QueueEntry {
  /** The bottle's name, and its instance's slug. */
  readonly bottle: string;
  readonly slug: string;
  /** Absolute path of the instance's folder. */
  readonly stateDirectory: string;
  readonly request: QueueRequest;
  /** `revoked`: approved once, and taken back. */
  readonly status: 'waiting' | 'approved' | 'rejected' | 'lapsed' | 'revoked';
  readonly decision: Decision | null;
  /**
   * What approving it as it stands would change in the policy now, or what its approval changed; one line each, `-` or `+`
   * first, in the manifest's words. Empty for what changes none.
   */
  readonly difference: readonly string[];
  /** Of the policy that `difference` is seen against; an answer names it, so that a stale one is found out. */
  readonly revision: number;
}

/** A file in a queue that is no request; it is shown, logged and left alone. */
export interface QueueGarbage {
  readonly bottle: string;
  readonly slug: string;
  readonly file: string;
  /** Why, one plain sentence. */
  readonly message: string;
}

/** All queues of this host at one moment: waiting requests first, the oldest of them first. */
export interface QueueSnapshot {
  readonly entries: readonly QueueEntry[];
  readonly garbage: readonly QueueGarbage[];
}
