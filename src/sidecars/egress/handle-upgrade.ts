import { createHash } from 'node:crypto';
import { type IncomingMessage, ServerResponse, request as sendRequest } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type AllowedRequest, decideRequest } from './decide-request.ts';
import { type Denial, fail, failReset, refuse } from './denial.ts';
import type { ForwardEnd } from './forward-end.ts';
import { createFrameMaskStream } from './frame-masker.ts';
import type { Handling } from './handle-request.ts';
import { type HeaderField, toEndToEnd, toFields, toRawHeaders, valuesOf } from './headers.ts';
import { maskText } from './masker.ts';
import { logDefect, logRequest } from './request-log.ts';
import { sendAnswer } from './send-answer.ts';
import type { UpstreamResponse } from './upstream.ts';
import { writeDenial } from './write-denial.ts';

/** What a host answered to the wish for a WebSocket. */
type UpgradeAnswer =
  | {
      readonly kind: 'switched';
      readonly socket: Socket;
      readonly head: Buffer;
      readonly fields: readonly HeaderField[];
    }
  | UpstreamResponse
  | Denial;

/** Fixed by RFC 6455, 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Makes the function that answers the wish to switch protocols; WebSocket is the only one. */
export function createUpgradeHandler(handling: Handling) {
  let active = 0;
  return async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const startedAt = performance.now();
    if (!(socket instanceof Socket)) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(incoming);
    response.shouldKeepAlive = false;
    const decided = active < handling.maxConnections ? decideUpgrade(handling, incoming) : busy();
    active += 1;
    let revoked = false;
    const gone = new AbortController();
    // SECURITY: in one step with the decision, so that no change of the routes comes between the two.
    const endUse =
      decided.kind === 'allowed'
        ? handling.policy.use(decided.rule, () => {
            revoked = true;
            gone.abort();
            socket.destroy();
          })
        : null;
    try {
      const end =
        decided.kind === 'allowed'
          ? await connectBoth(handling, decided, { incoming, socket, head, response, gone })
          : decided;
      if (end.kind !== 'passed') {
        endWithResponse(socket, response);
        writeDenial(response, end);
      }
      const status = response.headersSent ? response.statusCode : 101;
      logRequest(handling.log, { incoming, decided, end, status, startedAt, revoked });
    } catch (defect) {
      logDefect(handling.log, defect);
      socket.destroy();
    } finally {
      active -= 1;
      endUse?.();
    }
  };
}

function busy(): Denial {
  return fail('busy', 'The bottle has too many requests open: try again when some have ended.');
}

function decideUpgrade({ policy }: Handling, incoming: IncomingMessage): AllowedRequest | Denial {
  const fields = toFields(incoming.rawHeaders);
  const isWebSocket =
    incoming.method === 'GET' && valuesOf(fields, 'upgrade').join().toLowerCase() === 'websocket';
  const hasBody =
    incoming.headers['content-length'] !== undefined || incoming.headers['transfer-encoding'] !== undefined;
  if (!isWebSocket || hasBody)
    return refuse('egress', 'The request was refused: only a WebSocket may switch protocols.');
  return decideRequest(policy.current, 'GET', incoming.url ?? '', fields);
}

interface Client {
  readonly incoming: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
  /** Aborted when nobody may have the answer any more. */
  readonly gone: AbortController;
}

async function connectBoth(handling: Handling, allowed: AllowedRequest, client: Client): Promise<ForwardEnd> {
  const { socket, response, incoming, gone } = client;
  socket.once('close', () => gone.abort());
  const answer = await askForWebSocket(handling, allowed, gone.signal);
  if (answer.kind === 'response') {
    endWithResponse(socket, response);
    return await sendAnswer(answer, response, allowed, handling.idleTimeoutMs);
  }
  if (answer.kind !== 'switched') return answer;
  const key = incoming.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${acceptSuffix}`).digest('base64');
  // SECURITY: only an answer to this very request opens the way; a stray 101 would pass bytes nobody asked for.
  if (valuesOf(answer.fields, 'sec-websocket-accept').join() !== accept) {
    answer.socket.destroy();
    return fail('reset', `${allowed.origin.host} did not accept the WebSocket as the protocol asks for.`);
  }
  return await splice(answer, client, allowed, handling.idleTimeoutMs);
}

async function askForWebSocket(
  handling: Handling,
  allowed: AllowedRequest,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  const dialled = await handling.dial(allowed.origin, ['http/1.1']);
  if (dialled.kind !== 'connected') return dialled;
  const { host } = allowed.origin;
  // While the connection was made the client may have left, or its route been revoked.
  if (signal.aborted) {
    dialled.socket.destroy();
    return failReset(host, new Error('closed'));
  }
  const fields: readonly HeaderField[] = [
    ['Host', allowed.authority],
    // Compressed frames could not be searched for the credential.
    ...allowed.fields.filter(
      ([name]) => allowed.credential === null || name.toLowerCase() !== 'sec-websocket-extensions',
    ),
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ];
  const { promise, resolve } = Promise.withResolvers<UpgradeAnswer>();
  const outgoing = sendRequest({
    createConnection: () => dialled.socket,
    method: 'GET',
    path: allowed.path,
    headers: toRawHeaders(fields),
    setHost: false,
    signal,
  });
  const deadline = setTimeout(() => {
    resolve(
      fail('timeout', `${host} did not answer within ${handling.responseTimeoutMs} ms: try again later.`),
    );
    outgoing.destroy();
  }, handling.responseTimeoutMs);
  outgoing.once('upgrade', (incoming, _socket, head) => {
    resolve({ kind: 'switched', socket: dialled.socket, head, fields: toFields(incoming.rawHeaders) });
  });
  outgoing.once('response', (incoming) => {
    resolve({
      kind: 'response',
      status: incoming.statusCode ?? 502,
      statusText: incoming.statusMessage ?? '',
      fields: toFields(incoming.rawHeaders),
      body: incoming,
      isWhole: () => incoming.complete,
      trailers: () => [],
    });
  });
  outgoing.on('error', (error) => resolve(failReset(host, error)));
  outgoing.end();
  const answer = await promise;
  clearTimeout(deadline);
  return answer;
}

/** Passes bytes both ways until one side is done; then both are. */
async function splice(
  answer: Extract<UpgradeAnswer, { kind: 'switched' }>,
  { socket, head }: Client,
  { credential }: AllowedRequest,
  idleTimeoutMs: number,
): Promise<ForwardEnd> {
  const patterns = credential?.patterns ?? [];
  const fields = toEndToEnd(answer.fields).map(
    ([name, value]): HeaderField => [name, maskText(patterns, value)],
  );
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines}\r\n`,
    'latin1',
  );
  socket.unshift(head);
  answer.socket.unshift(answer.head);
  let bytes = 0;
  const silent = setTimeout(() => answer.socket.destroy(), idleTimeoutMs);
  answer.socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    silent.refresh();
  });
  socket.on('data', () => silent.refresh());
  // SECURITY: what a host echoes of the credential does not reach the guest in a frame either.
  const stages = credential === null ? [] : [createFrameMaskStream(patterns)];
  // Either side's end is the end of both, once what it sent is written.
  const ways = await Promise.allSettled([
    pipeline([answer.socket, ...stages, socket]).finally(() => socket.destroySoon()),
    pipeline([socket, answer.socket]).finally(() => answer.socket.destroySoon()),
  ]);
  clearTimeout(silent);
  return { kind: 'passed', bytes, complete: ways.every((way) => way.status === 'fulfilled') };
}

/** Lets an ordinary answer end the connection that was to switch. */
function endWithResponse(socket: Socket, response: ServerResponse): void {
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
}
