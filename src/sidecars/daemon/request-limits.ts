/** How much a guest may ask of its operator. */
export interface RequestLimits {
  /** Requests that wait at once. */
  readonly maxWaiting: number;
  readonly maxRequestsPerMinute: number;
  readonly maxRequestsPerHour: number;
}

/** How often one request may be asked for while it waits: far above a client that gives up each minute and tries again. */
export const maxAsked = 1_000;

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Counts new requests against the limits. */
export interface RequestBudget {
  /** Takes one request out of the budget, or says in one sentence why there is none left. */
  take(nowMs: number, waiting: number): string | null;
}

/** SECURITY: what keeps a guest from flooding its operator: the budget is the bottle's, whoever in it asks. */
export function createRequestBudget(limits: RequestLimits): RequestBudget {
  let taken: readonly number[] = [];
  return {
    take(nowMs, waiting) {
      if (waiting >= limits.maxWaiting) {
        return `${waiting} requests of this bottle wait for the operator already, and no more may. Ask again when one is answered.`;
      }
      taken = taken.filter((time) => nowMs - time < hourMs);
      const lastMinute = taken.filter((time) => nowMs - time < minuteMs);
      if (lastMinute.length >= limits.maxRequestsPerMinute) {
        return `This bottle has asked its operator ${lastMinute.length} times in a minute, and no more is allowed. Ask again in a minute.`;
      }
      if (taken.length >= limits.maxRequestsPerHour) {
        return `This bottle has asked its operator ${taken.length} times in an hour, and no more is allowed. Ask again later.`;
      }
      taken = [...taken, nowMs];
      return null;
    },
  };
}
