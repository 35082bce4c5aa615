import { join } from 'node:path';
import type { RunningBottle } from '../backends/backend.ts';
import { BottleError } from '../errors.ts';
import type { AuditRecord } from '../host/audit/append-audit.ts';
import type { LivePolicy } from '../plans/live-policy.ts';
import { toDecisionText } from '../queue/parse-decision.ts';
import type { Proposal } from '../queue/proposal.ts';
import { queueLimits } from '../queue/queue-limits.ts';
import type { Decision, QueueRequest } from '../queue/request.ts';
import { toFileName } from '../queue/request-id.ts';
import { changePolicy, type PolicyChange, toChangeDifference, writePolicy } from './change-policy.ts';
import { createExclusively } from './create-exclusively.ts';
import { toChange, toGrantDifference } from './grant-difference.ts';
import type { Instance } from './instance.ts';
import { removePending, writePending } from './pending-answer.ts';
import type { QueueEntry } from './queue-entry.ts';
import type { ApprovalSurroundings } from './surroundings.ts';

/** An answer that is to be given, its request looked up under the instance's lock. */
export interface AnswerRequest {
  readonly instance: Instance;
  readonly entry: QueueEntry;
  readonly status: Decision['status'];
  readonly notes: string;
  /** What is approved; null for a rejection. */
  readonly proposal: Proposal | null;
  /** Reads the request once more. */
  readonly reread: () => Promise<QueueEntry>;
}

/** How long putting a policy back may take, when the operator's own patience is over already. */
const rollbackTimeoutMs = 15_000;

/**
 * Answers a request that waits. In this order, each step done before the next begins: what is to happen is written down, then
 * into the audit log; the daemons act by the new policy; the policy is said to be in force, and the log says so; the decision
 * appears, which the agent's daemon waits for. What fails before the decision is undone, and the request waits on.
 * @throws BottleError `request-answered`, `request-invalid`, `policy-not-applied`, `audit-*`, `bottle-not-up`
 */
export async function answerRequest(
  surroundings: ApprovalSurroundings,
  request: AnswerRequest,
  signal: AbortSignal,
): Promise<void> {
  const { audit, openBottle } = surroundings;
  const { instance, entry, status, notes, proposal } = request;
  const { bottle, slug, stateDirectory } = entry;
  const { id } = entry.request;
  const change = proposal === null ? null : toPolicyChange(surroundings, request, proposal);
  const decision = toDecision(surroundings, request, change);
  // Not there is found out before anything is said to have been decided.
  const running = change === null ? null : await openBottle(instance.plan);
  const policy = change === null ? null : { before: change.from, after: change.to };
  await writePending(stateDirectory, { version: 1, cause: status, request: id, policy });
  try {
    await audit.append([{ event: 'decided', request: id, status, notes, proposal, bottle, slug }]);
  } catch (error) {
    // What cannot be written down is not done.
    await removePending(stateDirectory);
    throw error;
  }
  try {
    if (change !== null && running !== null) {
      await changePolicy(change, running, signal);
      await writePolicy(change.plan, change.to);
      await audit.append([toChangedRecord(entry, change)]);
    }
    // The daemon may have given up while its bottle's policy was changed.
    requireWaiting(await request.reread(), { started: true });
    const path = join(stateDirectory, 'bundle/decisions', toFileName(id));
    // INVARIANT: the first answer holds, whatever else is at work on this folder.
    if (!(await createExclusively(path, toDecisionText(decision), 0o644))) {
      requireWaiting(await request.reread(), { started: true });
      throw new BottleError(
        'request-answered',
        `There is an answer to ${id} already, and it is damaged: ${path}.`,
      );
    }
  } catch (error) {
    throw await undo(surroundings, request, { change, running, error });
  }
  await removePending(stateDirectory);
  await wake(surroundings, instance, running, signal);
}

/** @throws BottleError `request-answered` unless the request waits; one whose answer has been started may arrive late */
export function requireWaiting(entry: QueueEntry, options: { readonly started: boolean }): void {
  const { request, decision, status, bottle } = entry;
  if (decision !== null) {
    const words = `${decision.operator} ${decision.status} ${request.id} of "${bottle}" at ${decision.decidedAt}.`;
    throw new BottleError('request-answered', words);
  }
  const isOver = options.started ? request.lapsedAt !== null : status === 'lapsed';
  if (!isOver) return;
  const when = request.lapsedAt ?? request.expiresAt;
  throw new BottleError(
    'request-answered',
    `${request.id} of "${bottle}" lapsed at ${when}: nobody answered.`,
    {
      hint: 'The agent was told so, and may ask again.',
    },
  );
}

/**
 * SECURITY: what is approved is of the kind that was asked for, and a push is approved as it is shown.
 * @throws BottleError `request-invalid`
 */
export function requireSameKind({ proposal: asked }: QueueRequest, edited: Proposal): Proposal {
  if (edited.kind !== asked.kind) {
    throw new BottleError(
      'request-invalid',
      `A request of kind ${asked.kind} cannot be answered by one of kind ${edited.kind}.`,
    );
  }
  if (asked.kind === 'push' && JSON.stringify(asked) !== JSON.stringify(edited)) {
    throw new BottleError('request-invalid', 'A push is approved as it is, or rejected.');
  }
  return edited;
}

function toDecision(
  { operator, now }: ApprovalSurroundings,
  { entry, status, notes, proposal }: AnswerRequest,
  change: PolicyChange | null,
): Decision {
  const { id } = entry.request;
  const revision = change?.to.revision ?? null;
  if (notes.length > queueLimits.maxNotesLength) {
    throw new BottleError('usage-invalid', `A note has at most ${queueLimits.maxNotesLength} characters.`);
  }
  return {
    version: 1,
    id,
    status,
    notes,
    operator,
    decidedAt: new Date(now()).toISOString(),
    proposal,
    revision,
  };
}

/** @throws BottleError `request-invalid` where it cannot be granted */
function toPolicyChange(
  { operator, now }: ApprovalSurroundings,
  { instance, entry }: AnswerRequest,
  proposal: Proposal,
): PolicyChange | null {
  const change = toChange(proposal);
  if (change === null) return null;
  const { plan, policy } = instance;
  const { id: request } = entry.request;
  toGrantDifference(instance, request, proposal);
  const grant = { request, operator, grantedAt: new Date(now()).toISOString(), change };
  const to: LivePolicy = { version: 1, revision: policy.revision + 1, grants: [...policy.grants, grant] };
  return { plan, from: policy, to };
}

function toChangedRecord({ bottle, slug, request }: QueueEntry, change: PolicyChange): AuditRecord {
  const { revision } = change.to;
  const difference = toChangeDifference(change);
  return {
    event: 'policy-changed',
    revision,
    cause: 'approved',
    request: request.id,
    difference,
    bottle,
    slug,
  };
}

/** What was done when the answer failed, and why it did. */
interface Undone {
  readonly change: PolicyChange | null;
  readonly running: Pick<RunningBottle, 'reload'> | null;
  readonly error: unknown;
}

/** Puts the policy back. @returns what to throw: the failure, and what failed of putting back */
async function undo(
  { audit }: ApprovalSurroundings,
  { entry, status }: AnswerRequest,
  { change, running, error }: Undone,
): Promise<unknown> {
  const { bottle, slug, stateDirectory, request } = entry;
  try {
    if (change === null || running === null) {
      const interrupted = {
        event: 'interrupted',
        request: request.id,
        cause: status,
        outcome: 'undone',
      } as const;
      await audit.append([{ ...interrupted, bottle, slug }]);
    } else {
      const { plan, from, to } = change;
      // Not the operator's signal: what is half done must not stay so because of an interruption.
      const signal = AbortSignal.timeout(rollbackTimeoutMs);
      await changePolicy({ plan, from: to, to: from }, running, signal).catch(ignoreGone);
      await writePolicy(plan, from);
      const message = error instanceof Error ? error.message : String(error);
      const refused = { event: 'policy-refused', cause: 'approved', request: request.id, message } as const;
      await audit.append([{ ...refused, bottle, slug }]);
    }
    await removePending(stateDirectory);
    return toAnswerFailure(error);
  } catch (failure) {
    // What is written down as pending stays: the next command puts it right.
    return new AggregateError([toAnswerFailure(error), toAnswerFailure(failure)]);
  }
}

/** A full disk is no defect of bottle's. */
function toAnswerFailure(error: unknown): unknown {
  if (error instanceof BottleError || !(error instanceof Error) || !('code' in error)) return error;
  const message = `The answer could not be written (${String(error.code)}).`;
  return new BottleError('policy-not-applied', message, { cause: error });
}

/** Where the daemons are gone, none acts by anything. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof BottleError) || error.code !== 'bottle-not-running') throw error;
}

/** Has the daemons look at once. They look by themselves too, so that a failure here costs a second and nothing else. */
async function wake(
  { openBottle }: ApprovalSurroundings,
  { plan }: Instance,
  running: Pick<RunningBottle, 'reload'> | null,
  signal: AbortSignal,
): Promise<void> {
  try {
    await (running ?? (await openBottle(plan))).reload(null, signal);
  } catch {
    // See above.
  }
}
