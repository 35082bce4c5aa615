import { answerRefusal } from './exchange/answer-refusal.ts';
import type { ExchangeContext } from './exchange/exchange-context.ts';
import type { Answer } from './exchange/guest-request.ts';
import { refuseMalformed } from './exchange/refusal.ts';
import { logBlocked } from './exchange/request-log.ts';

/** The version of the rules' format and of this daemon's own words. */
const version = '1';

/** Answers a request to the proxy itself: `GET /health` as pipelock does, nothing else. */
export function answerLocal(
  { method, path }: { readonly method: string; readonly path: string },
  answer: Answer,
  clientIp: string,
  { log, nextRequestId }: ExchangeContext,
): void {
  if (path === '/health' && (method === 'GET' || method === 'HEAD')) {
    const body = Buffer.from(`${JSON.stringify({ status: 'healthy', version, mode: 'strict' })}\n`);
    const fields = [{ name: 'content-type', value: 'application/json' }];
    answer.start(200, 'OK', fields, { kind: 'length', length: body.length });
    if (method === 'GET') answer.write(body)?.catch(() => {});
    answer.end([]);
    return;
  }
  const refusal = refuseMalformed('it is addressed to the proxy itself, and not to a host through it');
  logBlocked(log, { method, url: '', clientIp, requestId: nextRequestId() }, refusal);
  answerRefusal(answer, refusal, method);
}
