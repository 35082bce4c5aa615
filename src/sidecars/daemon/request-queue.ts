import { randomBytes } from 'node:crypto';
import { isAnswerTo } from '../../queue/parse-decision.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { toProposalKey } from '../../queue/proposal-key.ts';
import { decisionGraceMs } from '../../queue/queue-limits.ts';
import type { Decision, QueueDaemon, QueueRequest, RequestId } from '../../queue/request.ts';
import type { Log } from './log.ts';
import type { QueueFiles } from './queue-files.ts';
import { createRequestBudget, maxAsked, type RequestLimits } from './request-limits.ts';

/** How a request ended. A lapse is a refusal. */
export type QueueAnswer =
  | { readonly kind: 'decided'; readonly request: QueueRequest; readonly decision: Decision }
  | { readonly kind: 'lapsed'; readonly request: QueueRequest };

/** What became of a question. */
export type AskOutcome =
  | {
      readonly kind: 'waiting';
      readonly request: QueueRequest;
      /** Whether the same waited already, so that this is no request of its own. */
      readonly folded: boolean;
      /** Never rejects. */
      readonly answer: Promise<QueueAnswer>;
    }
  /** Nothing was queued; `message` is one or two sentences for the agent. */
  | { readonly kind: 'refused'; readonly message: string };

export interface RequestQueueOptions {
  readonly daemon: QueueDaemon;
  readonly files: QueueFiles;
  readonly limits: RequestLimits;
  readonly answerTimeoutMs: number;
  /** What becomes of requests that an earlier process left waiting. */
  readonly earlier: 'take-up' | 'lapse';
  readonly log: Log;
  /** Milliseconds since the epoch; the operator's side reads the same clock. */
  readonly now: () => number;
}

/** A daemon's side of its queue. */
export interface RequestQueue {
  /**
   * Puts a proposal before the operator. What is asked while the same waits becomes one more asking of that request.
   * Resolves when the request is on disk.
   */
  ask(proposal: Proposal, reason: string): Promise<AskOutcome>;
  /** Tells that one who asked no longer waits. When nobody does, the request lapses. Without it, requests wait unattended. */
  withdraw(id: RequestId): Promise<void>;
  /** Looks for answers now: to be called on SIGHUP. Happens by itself once a second while something waits. */
  look(): Promise<void>;
}

interface Waiting {
  request: QueueRequest;
  /** Of its proposal; what is asked under the same key folds into it. */
  readonly key: string;
  /** How many wait for it; of a request that was taken up, one who may come back. */
  askers: number;
  /** Whether the file says less than `request`. */
  changed: boolean;
  /** What was last wrong with the decision's file, so that it is logged once. */
  complaint: string | null;
  readonly stored: Promise<boolean>;
  readonly answer: PromiseWithResolvers<QueueAnswer>;
}

const lookEveryMs = 1_000;

/** Takes up the folder as it is, and answers from then on. */
export async function createRequestQueue(options: RequestQueueOptions): Promise<RequestQueue> {
  const { daemon, files, log, now } = options;
  const budget = createRequestBudget(options.limits);
  const waiting = new Set<Waiting>();
  const ids = new Set<RequestId>();
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const add = (request: QueueRequest, askers: number, stored: Promise<boolean>): Waiting => {
    const answer = Promise.withResolvers<QueueAnswer>();
    const key = toProposalKey(request.proposal);
    const entry = { request, key, askers, changed: false, complaint: null, stored, answer };
    ids.add(request.id);
    waiting.add(entry);
    timer ??= setInterval(look, lookEveryMs).unref();
    return entry;
  };

  const remove = (entry: Waiting): void => {
    waiting.delete(entry);
    if (waiting.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };

  const settle = (entry: Waiting, answer: QueueAnswer): void => {
    remove(entry);
    const status = answer.kind === 'decided' ? answer.decision.status : 'lapsed';
    const fields = { request: entry.request.id, kind: entry.request.proposal.kind, status };
    log.write({ level: 'info', event: 'answer', message: `${entry.request.id} is ${status}`, ...fields });
    entry.answer.resolve(answer);
  };

  /** Writes what the entry holds; false when that failed, which is logged. */
  const store = async (request: QueueRequest): Promise<boolean> => {
    try {
      await files.writeRequest(request);
      return true;
    } catch (error) {
      const message = `${request.id} could not be written: ${error instanceof Error ? error.message : error}`;
      log.write({ level: 'error', event: 'queue-failed', request: request.id, message });
      return false;
    }
  };

  const findDecision = async (entry: Waiting): Promise<Decision | null> => {
    try {
      const decision = await files.readDecision(entry.request.id);
      // SECURITY: what cannot be an answer to this request is none.
      if (decision === null || isAnswerTo(decision, entry.request)) return decision;
      throw new Error('it is no answer to this request');
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (entry.complaint !== complaint) {
        const message = `the decision on ${entry.request.id} is not usable: ${complaint}`;
        log.write({ level: 'warn', event: 'queue-garbage', request: entry.request.id, message });
      }
      entry.complaint = complaint;
      return null;
    }
  };

  const lapse = async (entry: Waiting): Promise<void> => {
    const lapsed = { ...entry.request, lapsedAt: new Date(now()).toISOString() };
    await store(lapsed);
    // An answer that came while the lapse was written holds: the operator has been told that it does.
    const decision = await findDecision(entry);
    if (decision === null) return settle(entry, { kind: 'lapsed', request: lapsed });
    await store(entry.request);
    settle(entry, { kind: 'decided', request: entry.request, decision });
  };

  const lookAt = async (entry: Waiting): Promise<void> => {
    if (!(await entry.stored)) return;
    const decision = await findDecision(entry);
    if (decision !== null) return settle(entry, { kind: 'decided', request: entry.request, decision });
    if (entry.askers === 0 || now() >= Date.parse(entry.request.expiresAt) + decisionGraceMs) {
      return lapse(entry);
    }
    if (!entry.changed) return;
    entry.changed = false;
    entry.changed = !(await store(entry.request)) || entry.changed;
  };

  const lookAtAll = async (): Promise<void> => {
    for (const entry of [...waiting]) await lookAt(entry);
  };

  function look(): Promise<void> {
    if (running === null) {
      running = lookAtAll().finally(() => {
        running = null;
      });
      return running;
    }
    // One that began before the call may have passed over what the call is about.
    next ??= running.then(() => {
      next = null;
      return look();
    });
    return next;
  }

  const makeId = (): RequestId => {
    const id: RequestId = `req-${randomBytes(4).toString('hex')}`;
    return ids.has(id) ? makeId() : id;
  };

  const { requests, unreadable } = await files.readRequests();
  for (const { name, message } of unreadable) {
    log.write({ level: 'warn', event: 'queue-garbage', file: name, message: `${name}: ${message}` });
  }
  for (const request of requests) {
    ids.add(request.id);
    if (request.lapsedAt === null) add(request, options.earlier === 'lapse' ? 0 : 1, Promise.resolve(true));
  }
  await look();

  return {
    look,

    async ask(proposal, reason) {
      const key = toProposalKey(proposal);
      const known = [...waiting].find((entry) => entry.key === key);
      if (known !== undefined) {
        // SECURITY: each one who waits takes memory, so their number has a bound.
        if (known.request.asked >= maxAsked) return { kind: 'refused', message: askedTooOften };
        known.askers += 1;
        // The file follows with the next look: whoever asks a thousand times a second writes once.
        known.request = { ...known.request, asked: known.request.asked + 1 };
        known.changed = true;
        if (!(await known.stored)) return { kind: 'refused', message: storeFailed };
        return { kind: 'waiting', request: known.request, folded: true, answer: known.answer.promise };
      }
      const nowMs = now();
      const refusal = budget.take(nowMs, waiting.size);
      if (refusal !== null) return { kind: 'refused', message: refusal };
      const request: QueueRequest = {
        version: 1,
        id: makeId(),
        daemon,
        createdAt: new Date(nowMs).toISOString(),
        expiresAt: new Date(nowMs + options.answerTimeoutMs).toISOString(),
        asked: 1,
        reason,
        proposal,
        lapsedAt: null,
      };
      const entry = add(request, 1, store(request));
      if (!(await entry.stored)) {
        remove(entry);
        return { kind: 'refused', message: storeFailed };
      }
      const fields = { request: request.id, kind: proposal.kind, reason };
      log.write({
        level: 'info',
        event: 'proposal',
        message: `${request.id} waits for the operator`,
        ...fields,
      });
      return { kind: 'waiting', request, folded: false, answer: entry.answer.promise };
    },

    async withdraw(id) {
      for (const entry of waiting) if (entry.request.id === id) entry.askers -= 1;
      await look();
    },
  };
}

const askedTooOften = `The same was asked ${maxAsked} times and still waits for the operator. Wait for the answer.`;
const storeFailed =
  "The request could not be stored, so nobody was asked. The operator can read why in the bottle's log.";
