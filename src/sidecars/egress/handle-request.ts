import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../daemon/log.ts';
import { type AllowedRequest, decideRequest } from './decide-request.ts';
import { fail } from './denial.ts';
import type { Dial } from './dial.ts';
import type { ForwardEnd } from './forward-end.ts';
import { toFields } from './headers.ts';
import type { LivePolicy } from './live-policy.ts';
import { logDefect, logRequest } from './request-log.ts';
import { sendAnswer } from './send-answer.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import { writeDenial } from './write-denial.ts';

/** What every request is answered with. */
export interface Handling {
  readonly policy: LivePolicy;
  readonly pool: UpstreamPool;
  readonly dial: Dial;
  readonly log: Log;
  /** Longest silence in the middle of an answer or a WebSocket. */
  readonly idleTimeoutMs: number;
  readonly responseTimeoutMs: number;
  /** Requests at once; more are told to come later. */
  readonly maxConnections: number;
}

/** Makes the function that answers requests. It never rejects because of what a request or an answer holds. */
export function createRequestHandler(handling: Handling) {
  let active = 0;
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedAt = performance.now();
    const decided =
      active < handling.maxConnections
        ? decideRequest(
            handling.policy.current,
            incoming.method ?? '',
            incoming.url ?? '',
            toFields(incoming.rawHeaders),
          )
        : fail('busy', 'The bottle has too many requests open: try again when some have ended.');
    active += 1;
    const gone = new AbortController();
    let revoked = false;
    // SECURITY: in one step with the decision, so that no change of the routes comes between the two.
    const endUse =
      decided.kind === 'allowed'
        ? handling.policy.use(decided.rule, () => {
            revoked = true;
            gone.abort();
            response.destroy();
          })
        : null;
    try {
      const end =
        decided.kind === 'allowed' ? await forward(handling, decided, { incoming, response, gone }) : decided;
      if (end.kind !== 'passed') writeDenial(response, end);
      const { statusCode: status } = response;
      logRequest(handling.log, { incoming, decided, end, status, startedAt, revoked });
    } catch (defect) {
      logDefect(handling.log, defect);
      response.destroy();
    } finally {
      active -= 1;
      endUse?.();
      // What is left of the body must not stand in the way of the connection's next request.
      if (!incoming.complete) incoming.unpipe().resume();
    }
  };
}

interface Client {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when nobody may have the answer any more. */
  readonly gone: AbortController;
}

async function forward(
  handling: Handling,
  allowed: AllowedRequest,
  { incoming, response, gone }: Client,
): Promise<ForwardEnd> {
  // Nobody waits for the answer any more, or it ended before the host took the whole request: let go of the host.
  response.once('close', () => {
    if (!response.writableFinished || !incoming.complete) gone.abort();
  });
  const answer = await handling.pool.send({
    ...allowed,
    body: hasBody(incoming) ? incoming : null,
    signal: gone.signal,
  });
  if (answer.kind !== 'response') return answer;
  return await sendAnswer(answer, response, allowed, handling.idleTimeoutMs);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
