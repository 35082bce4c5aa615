import type { ExemptionProposal, RouteProposal } from '../queue/proposal.ts';
import type { RequestId } from '../queue/request.ts';

/** Something an operator granted to one running bottle. */
export interface Grant {
  /** Of the request it answers; a granted route's id is `grant:<this>`. */
  readonly request: RequestId;
  readonly operator: string;
  /** ISO 8601, UTC. */
  readonly grantedAt: string;
  readonly change: RouteProposal | ExemptionProposal;
}

/** What a running bottle's policy is beyond its plan; `<state>/policy.json`. Gone with the bottle. */
export interface LivePolicy {
  readonly version: 1;
  /** 0 at launch, one more with each change; daemons say which one they act by. */
  readonly revision: number;
  readonly grants: readonly Grant[];
}
