import type { ScanTables } from '../../../scan/scan-tables.ts';
import { dropHopByHop, type Field } from '../http/fields.ts';
import type { Passage } from '../policy/passage.ts';
import type { EgressConnection } from '../upstream/egress-connection.ts';
import {
  readResponseBody,
  readResponseHead,
  toLastChunk,
  type UploadFraming,
  UpstreamError,
  writeRequestBody,
  writeRequestHead,
} from '../upstream/egress-exchange.ts';
import type { ResponseHead } from '../upstream/response-head.ts';
import { acceptsWebSocket, toHandshakeFields } from '../websocket/handshake.ts';
import { relayWebSocket } from '../websocket/relay-websocket.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { type Answer, type AnswerFraming, type GuestRequest, toHostField, toUrl } from './guest-request.ts';
import { prebuffer, replay } from './prebuffer.ts';
import type { Refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

/** How an allowed request ended. */
export type ForwardOutcome =
  | { readonly kind: 'forwarded'; readonly statusCode: number; readonly sizeBytes: number }
  /** `reason` for the log, `sentence` for the agent. */
  | { readonly kind: 'failed'; readonly reason: string; readonly sentence: string }
  | { readonly kind: 'gone' }
  | Refusal;

type UploadOutcome = { readonly kind: 'sent' } | { readonly kind: 'gone' } | Refusal;

/** An allowed request on its way. */
export interface Forwarding {
  readonly request: GuestRequest;
  readonly upload: Upload;
  readonly answer: Answer;
  readonly passage: Passage;
  /** What its rule has it scanned for. */
  readonly tables: ScanTables;
}

/** Sends a request to egress and its response to the guest, both as they come. Never rejects. */
export async function forwardRequest(
  forwarding: Forwarding,
  context: ExchangeContext,
): Promise<ForwardOutcome> {
  const { request, upload, answer, passage } = forwarding;
  if (request.expectsContinue) answer.interim(100, []);
  const first = await prebuffer(upload);
  if (first.kind !== 'begun') return first;
  const connection = await context.egress.acquire().catch(() => null);
  if (connection === null) return fail('egress does not accept');
  // SECURITY: ends with the passage; at once where its rule was revoked while the request was read, so that nothing is sent.
  const putDown = passage.carry(connection.socket);
  const outcome = await exchangeOn(connection, { ...forwarding, upload: replay(first, upload) }, context);
  putDown();
  // What breaks because the passage was cut is no failure of the host.
  return passage.isCut && outcome.kind === 'failed' ? { kind: 'gone' } : outcome;
}

async function exchangeOn(
  connection: EgressConnection,
  { request, upload, answer, tables }: Forwarding,
  context: ExchangeContext,
): Promise<ForwardOutcome> {
  const framing = toUploadFraming(request);
  const timeoutMs = context.limits.idleTimeoutMs;
  let sent = false;

  async function send(): Promise<UploadOutcome> {
    for (;;) {
      const step = await upload.next();
      if (step.kind === 'refused' || step.kind === 'gone') return step;
      for (const bytes of step.bytes) await writeRequestBody(connection, framing, bytes, timeoutMs);
      if (step.kind === 'bytes') continue;
      if (framing.kind === 'chunked')
        connection.socket.write(toLastChunk(dropHopByHop(step.trailers)), 'latin1');
      sent = true;
      return { kind: 'sent' };
    }
  }

  writeRequestHead(connection, {
    method: request.method,
    url: toUrl(request),
    fields: [{ name: 'host', value: toHostField(request) }, ...toUpstreamFields(request)],
    framing,
  });
  // What breaks here breaks the response too, and is told there.
  const sending = send().catch((): UploadOutcome => ({ kind: 'sent' }));
  const receiving = receive({ request, connection, answer, tables }, context, () => sent);
  const leaving = Promise.withResolvers<{ readonly kind: 'gone' }>();
  const stopWatching = answer.onGone(() => leaving.resolve({ kind: 'gone' }));
  const outcome = await Promise.race([
    sending.then((result) => (result.kind === 'sent' ? receiving : result)),
    receiving,
    leaving.promise,
  ]);
  stopWatching();
  if (outcome.kind === 'forwarded' && outcome.reusable && sent) context.egress.release(connection);
  else connection.socket.destroy();
  return outcome;
}

type Received =
  | (Extract<ForwardOutcome, { kind: 'forwarded' }> & { readonly reusable: boolean })
  | Exclude<ForwardOutcome, { kind: 'forwarded' }>;

interface Receiving extends Pick<Forwarding, 'request' | 'answer' | 'tables'> {
  readonly connection: EgressConnection;
}

/** Passes the response on. Never rejects. */
async function receive(
  { request, connection, answer, tables }: Receiving,
  context: ExchangeContext,
  isSent: () => boolean,
): Promise<Received> {
  try {
    const head = await readFinalHead(request, connection, answer, context.limits.idleTimeoutMs);
    if (head.status === 101) {
      const sizeBytes = await relayWebSocket({ request, head, connection, answer, tables }, context.limits);
      return typeof sizeBytes === 'number'
        ? { kind: 'forwarded', statusCode: 101, sizeBytes, reusable: false }
        : sizeBytes;
    }
    // The guest still sends, yet the host has its answer: it may not come to the end of the body.
    if (!isSent()) answer.closeAfter();
    answer.start(head.status, head.reason, toGuestFields(request, head), toAnswerFraming(head));
    const body = readResponseBody(connection, head, context.limits.idleTimeoutMs);
    let sizeBytes = 0;
    for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
      sizeBytes += bytes.length;
      await answer.write(bytes);
    }
    answer.end(dropHopByHop(body.trailers));
    return { kind: 'forwarded', statusCode: head.status, sizeBytes, reusable: isReusable(head) };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

async function readFinalHead(
  request: GuestRequest,
  connection: EgressConnection,
  answer: Answer,
  timeoutMs: number,
): Promise<ResponseHead> {
  for (;;) {
    const head = await readResponseHead(connection, request.method, timeoutMs);
    if (head.status === 101) {
      // SECURITY: a switch of protocols that nobody asked for would turn the connection into an unread tunnel.
      if (acceptsWebSocket(request, head)) return head;
      throw new UpstreamError('the response switches protocols although it was not asked to');
    }
    if (head.status >= 200) return head;
    if (head.status !== 100) answer.interim(head.status, dropHopByHop(head.fields));
  }
}

function fail(reason: string): Extract<ForwardOutcome, { kind: 'failed' }> {
  return {
    kind: 'failed',
    reason,
    sentence: `This request is allowed but it failed between the bottle and its host: ${reason}; try it again, and if it stays so tell the operator.`,
  };
}

function toUploadFraming({ framing, method, webSocketKey }: GuestRequest): UploadFraming {
  if (framing.kind !== 'none' || webSocketKey !== null) return framing;
  // RFC 9110, 8.6: a method that usually has a body says that there is none.
  return ['POST', 'PUT', 'PATCH'].includes(method) ? { kind: 'length', length: 0 } : framing;
}

function toUpstreamFields(request: GuestRequest): readonly Field[] {
  const fields = dropHopByHop(request.fields).filter(({ name }) => name !== 'expect');
  return request.webSocketKey === null ? fields : toHandshakeFields(fields);
}

function toGuestFields(request: GuestRequest, head: ResponseHead): readonly Field[] {
  // Without a body the length is what a GET would have got: it stays.
  const keepsLength = request.method === 'HEAD' || head.status === 304;
  return dropHopByHop(head.fields).filter(({ name }) => name !== 'content-length' || keepsLength);
}

function toAnswerFraming({ framing }: ResponseHead): AnswerFraming {
  return framing.kind === 'none' || framing.kind === 'length' ? framing : { kind: 'streamed' };
}

function isReusable({ version, framing, fields }: ResponseHead): boolean {
  if (version !== '1.1' || framing.kind === 'close') return false;
  return !fields.some(({ name, value }) => name === 'connection' && value.toLowerCase().includes('close'));
}
