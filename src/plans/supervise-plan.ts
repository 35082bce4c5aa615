/** What the supervise daemon listens on and how much it lets an agent ask. Written as `supervise.json`. */
export interface SupervisePlan {
  /** The bundle's pinned address on the guest's network; MCP is at `/mcp`. */
  readonly listen: { readonly address: string; readonly port: number };
  readonly queueDirectory: '/var/lib/bottle/supervise/queue';
  /** Until a request that nobody answers is refused. */
  readonly answerTimeoutMs: number;
  /** Labels an exemption may be asked for: known secrets that are no credential of egress. */
  readonly exemptible: readonly string[];
  readonly limits: {
    /** Requests that wait at once. */
    readonly maxWaiting: number;
    readonly maxRequestsPerMinute: number;
    readonly maxRequestsPerHour: number;
    /** Of one text field, in UTF-16 units. */
    readonly maxTextLength: number;
    /** Of one message to the server. */
    readonly maxMessageBytes: number;
    readonly maxConnections: number;
  };
}
