import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { BodyReader } from '../http/body-reader.ts';
import { createBodyInspector, parseCoding } from '../inspection/body-inspector.ts';
import { createDecompressor } from '../inspection/decompressor.ts';
import { type HeadFinding, inspectHead } from '../inspection/inspect-head.ts';
import type { Passage } from '../policy/passage.ts';
import { answerFailure, answerRefusal } from './answer-refusal.ts';
import { decideRequest } from './decide.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { forwardRequest } from './forward-request.ts';
import { isGitPush } from './git-push.ts';
import { type Answer, type GuestRequest, toUrl } from './guest-request.ts';
import { type Refusal, refuseGitPush, refuseSecret, refuseUnscannable } from './refusal.ts';
import { withTool } from './refusal-tools.ts';
import { logBlocked, logFailed, logForwarded, type RequestRecord, redactUrl } from './request-log.ts';
import { createUpload } from './upload.ts';

/** One request of the guest with its body and the way to answer it. */
export interface GuestExchange {
  readonly request: GuestRequest;
  readonly body: BodyReader;
  readonly answer: Answer;
  readonly clientIp: string;
  /** Why nothing at all may pass through this tunnel, or null. */
  readonly tunnelRefusal: Refusal | null;
  /** The connection it came on. */
  readonly passage: Passage;
}

/** A body this small is read to its end after a refusal, so that the connection stays usable. */
const maxDrainedBytes = 64 * 1024;

/**
 * Decides, scans, forwards and answers one request; resolves when its answer is over. Never rejects.
 * INVARIANT: every way out of here has answered, or the guest has left.
 */
export async function runExchange(exchange: GuestExchange, context: ExchangeContext): Promise<void> {
  const { request, body, answer, passage } = exchange;
  const startedMs = performance.now();
  const finding = inspectHead(request, context.tables);
  const record = toRecord(exchange, context, finding?.place === 'url');

  function refuse(given: Refusal, route?: string): void {
    const refusal = withTool(given, context.tools);
    logBlocked(context.log, route === undefined ? record : { ...record, route }, refusal);
    if (answer.started) {
      answer.abort();
      return;
    }
    if (!isDrainable(request, body)) answer.closeAfter();
    answerRefusal(answer, refusal, request.method);
  }

  const decision =
    exchange.tunnelRefusal ??
    (isGitPush(request) ? refuseGitPush() : decideRequest(request, context.policy.current));
  if (decision.kind === 'refused') return refuse(decision);
  const { rule } = decision;
  // SECURITY: in one step with the decision, so that no change of the rules comes between the two.
  passage.use(rule);
  const tables = context.policy.tablesOf(rule);
  const coding = parseCoding(request.fields);
  const refusal =
    refuseFinding(finding, request, tables, context) ??
    (coding.kind === 'refused' ? coding : null) ??
    refuseLargeBody(request, context.limits.maxBodyBytes);
  if (refusal !== null || coding.kind === 'refused') {
    if (refusal !== null) refuse(refusal, rule.id);
    return;
  }
  const maxBytes = context.limits.maxBodyBytes;
  const decompressor = coding.coding === null ? null : await createDecompressor(coding.coding, maxBytes);
  const inspector = createBodyInspector(tables, maxBytes, decompressor);
  const upload = createUpload(body, inspector, tables);
  const outcome = await forwardRequest({ request, upload, answer, passage, tables }, context);
  inspector.close();
  switch (outcome.kind) {
    case 'forwarded':
      logForwarded(context.log, record, { ...outcome, durationMs: performance.now() - startedMs });
      break;
    case 'refused':
      answer.closeAfter();
      refuse(outcome, rule.id);
      break;
    case 'failed':
      logFailed(context.log, record, outcome.reason);
      if (answer.started) answer.abort();
      else {
        answer.closeAfter();
        answerFailure(answer, outcome.sentence, request.method);
      }
      break;
    case 'gone':
      answer.abort();
      break;
  }
}

/** SECURITY: of a URL with a known secret in it, however it is encoded, only the host reaches the log. */
function toRecord(
  { request, clientIp }: GuestExchange,
  context: ExchangeContext,
  redact: boolean,
): RequestRecord {
  return {
    method: request.method,
    url: redact ? redactUrl(request) : toUrl(request),
    clientIp,
    requestId: context.nextRequestId(),
  };
}

/** What was found counts, unless the rule exempts it: then only what it does not exempt. */
function refuseFinding(
  found: HeadFinding | null,
  request: GuestRequest,
  tables: ScanTables,
  context: ExchangeContext,
): Refusal | null {
  const finding = found === null || tables === context.tables ? found : inspectHead(request, tables);
  return finding === null ? null : refuseSecret(finding.place, finding.hit);
}

function refuseLargeBody({ framing }: GuestRequest, maxBytes: number): Refusal | null {
  if (framing.kind !== 'length' || framing.length <= maxBytes) return null;
  return refuseUnscannable(`its body is larger than ${maxBytes} bytes`);
}

/** Whether what is left of a body may be read and dropped: it is short, and the guest is sending it. */
function isDrainable({ framing, expectsContinue }: GuestRequest, body: BodyReader): boolean {
  if (body.ended) return true;
  return framing.kind === 'length' && framing.length <= maxDrainedBytes && !expectsContinue;
}
