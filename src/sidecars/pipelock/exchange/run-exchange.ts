import type { BodyReader } from '../http/body-reader.ts';
import { createBodyInspector, parseCoding } from '../inspection/body-inspector.ts';
import { createDecompressor } from '../inspection/decompressor.ts';
import { inspectHead } from '../inspection/inspect-head.ts';
import { answerFailure, answerRefusal } from './answer-refusal.ts';
import { decideRequest } from './decide.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { forwardRequest } from './forward-request.ts';
import { type Answer, type GuestRequest, toUrl } from './guest-request.ts';
import { type Refusal, refuseSecret, refuseUnscannable } from './refusal.ts';
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
}

/** A body this small is read to its end after a refusal, so that the connection stays usable. */
const maxDrainedBytes = 64 * 1024;

/**
 * Decides, scans, forwards and answers one request; resolves when its answer is over. Never rejects.
 * INVARIANT: every way out of here has answered, or the guest has left.
 */
export async function runExchange(exchange: GuestExchange, context: ExchangeContext): Promise<void> {
  const { request, body, answer } = exchange;
  const startedMs = performance.now();
  const finding = inspectHead(request, context.tables);
  const record = toRecord(exchange, context, finding?.place === 'url');

  function refuse(refusal: Refusal): void {
    logBlocked(context.log, record, refusal);
    if (answer.started) {
      answer.abort();
      return;
    }
    if (!isDrainable(request, body)) answer.closeAfter();
    answerRefusal(answer, refusal, request.method);
  }

  const coding = parseCoding(request.fields);
  const refusal =
    exchange.tunnelRefusal ??
    decideRequest(request, context.rules) ??
    (finding === null ? null : refuseSecret(finding.place, finding.hit)) ??
    (coding.kind === 'refused' ? coding : null) ??
    refuseLargeBody(request, context.limits.maxBodyBytes);
  if (refusal !== null || coding.kind === 'refused') {
    if (refusal !== null) refuse(refusal);
    return;
  }
  const maxBytes = context.limits.maxBodyBytes;
  const decompressor = coding.coding === null ? null : await createDecompressor(coding.coding, maxBytes);
  const inspector = createBodyInspector(context.tables, maxBytes, decompressor);
  const outcome = await forwardRequest(
    request,
    createUpload(body, inspector, context.tables),
    answer,
    context,
  );
  inspector.close();
  switch (outcome.kind) {
    case 'forwarded':
      logForwarded(context.log, record, { ...outcome, durationMs: performance.now() - startedMs });
      break;
    case 'refused':
      answer.closeAfter();
      refuse(outcome);
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

function refuseLargeBody({ framing }: GuestRequest, maxBytes: number): Refusal | null {
  if (framing.kind !== 'length' || framing.length <= maxBytes) return null;
  return refuseUnscannable(`its body is larger than ${maxBytes} bytes`);
}

/** Whether what is left of a body may be read and dropped: it is short, and the guest is sending it. */
function isDrainable({ framing, expectsContinue }: GuestRequest, body: BodyReader): boolean {
  if (body.ended) return true;
  return framing.kind === 'length' && framing.length <= maxDrainedBytes && !expectsContinue;
}
