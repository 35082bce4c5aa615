import { type ServerResponse, STATUS_CODES } from 'node:http';
import { setImmediate } from 'node:timers';
import type { AllowedRequest } from './decide-request.ts';
import { fail } from './denial.ts';
import type { ForwardEnd } from './forward-end.ts';
import { toRawHeaders } from './headers.ts';
import { passBody } from './pass-body.ts';
import { prepareResponse } from './prepare-response.ts';
import type { UpstreamResponse } from './upstream.ts';

/**
 * Passes a host's answer on, byte by byte as it comes.
 * @param idleTimeoutMs longest silence of the host before the answer is broken off
 * @returns a denial where nothing was passed on yet and nothing may be
 */
export async function sendAnswer(
  answer: UpstreamResponse,
  response: ServerResponse,
  { method, origin, credential }: AllowedRequest,
  idleTimeoutMs: number,
): Promise<ForwardEnd> {
  const prepared =
    answer.status < 200
      ? fail('reset', `${origin.host} answered with the status ${answer.status}, which is no answer.`)
      : prepareResponse(answer, method, credential);
  if (prepared.kind !== 'prepared') {
    answer.body.on('error', () => {});
    answer.body.destroy();
    return prepared;
  }
  response.sendDate = false;
  response.writeHead(
    prepared.status,
    prepared.statusText || (STATUS_CODES[prepared.status] ?? ''),
    toRawHeaders(prepared.fields),
  );
  // The head must not wait for a body that comes later; one that is there already goes with it.
  setImmediate(() => response.flushHeaders());

  let bytes = 0;
  const stalled = setTimeout(() => answer.body.destroy(new Error('silent for too long')), idleTimeoutMs);
  answer.body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    stalled.refresh();
  });
  const ended = await passBody(answer.body, prepared.stages, response);
  clearTimeout(stalled);
  if (!ended || !answer.isWhole()) {
    // SECURITY: an answer that broke off must not look complete.
    response.destroy();
    return { kind: 'passed', bytes, complete: false };
  }
  const trailers = prepared.trailers();
  if (trailers.length > 0)
    response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  response.end();
  return { kind: 'passed', bytes, complete: true };
}
