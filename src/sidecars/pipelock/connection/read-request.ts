import type { PipelockLimits } from '../../../plans/pipelock-plan.ts';
import { type Refusal, refuseMalformed } from '../exchange/refusal.ts';
import { createHeadLines } from '../http/head-lines.ts';
import { checkRequestLine, type ParsedRequest, parseRequest, type Tunnel } from '../http/parse-request.ts';
import { type ByteSource, ByteSourceError } from '../streams/byte-source.ts';

/** Method, version and separators, beside the URL in a request's first line. */
const firstLineExtraBytes = 64;

/** The next request on a connection; null when the guest left or stayed silent between two requests. */
export async function readRequest(
  source: ByteSource,
  tunnel: Tunnel,
  limits: PipelockLimits,
): Promise<ParsedRequest | null> {
  const head = createHeadLines(
    {
      maxBytes: limits.maxHeaderBytes,
      maxFirstLineBytes: limits.maxUrlBytes + firstLineExtraBytes,
      maxFields: limits.maxHeaderCount,
    },
    checkRequestLine,
  );
  let endsAtMs = 0;
  for (;;) {
    const waitMs = head.started ? endsAtMs - performance.now() : limits.idleTimeoutMs;
    const bytes = await readWithin(source, waitMs);
    if (bytes === 'timeout') return head.started ? refuseSlow(limits.headTimeoutMs) : null;
    if (bytes === null) return null;
    // SECURITY: the time runs from a head's first byte to its last, whatever drips in between.
    if (!head.started) endsAtMs = performance.now() + limits.headTimeoutMs;
    const step = head.push(bytes);
    if (step.kind === 'malformed') return refuseMalformed(step.reason);
    if (step.kind === 'more') continue;
    source.unread(step.rest);
    return parseRequest(step.lines, tunnel);
  }
}

async function readWithin(source: ByteSource, waitMs: number): Promise<Buffer | null | 'timeout'> {
  if (waitMs <= 0) return 'timeout';
  try {
    return await source.read(waitMs);
  } catch (error) {
    return error instanceof ByteSourceError && error.kind === 'timeout' ? 'timeout' : null;
  }
}

function refuseSlow(timeoutMs: number): Refusal {
  return refuseMalformed(`its head did not come whole within ${timeoutMs} ms`);
}
