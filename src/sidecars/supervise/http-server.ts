import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { SupervisePlan } from '../../plans/supervise-plan.ts';
import type { Log } from '../daemon/log.ts';
import { readBody, sendWebResponse, toWebRequest } from './web-exchange.ts';

/** Answers a request that passed all checks. */
export type WebHandler = (request: Request) => Promise<Response>;

/** A server that listens. */
export interface SuperviseServer {
  readonly port: number;
}

/** A refusal before MCP is asked; `sentence` is for the agent. */
interface HttpRefusal {
  readonly status: number;
  readonly sentence: string;
}

const path = '/mcp';
const methods = ['POST', 'GET', 'DELETE'];
/** A message comes whole within this, or not at all. How long its answer takes is another matter. */
const requestTimeoutMs = 15_000;

/** Starts to listen where the guest's agents look for their operator. */
export async function startHttpServer(
  { listen, limits }: Pick<SupervisePlan, 'listen' | 'limits'>,
  handler: WebHandler,
  log: Log,
): Promise<SuperviseServer> {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 30_000,
    },
    (request, response) => {
      serve(request, response).catch((error: unknown) => {
        // A client that goes before its message is whole is no fault of anybody's.
        if (request.complete) {
          log.write({ level: 'error', event: 'error', message: `request failed: ${toText(error)}` });
        }
        response.destroy();
      });
    },
  );
  // SECURITY: a guest can take all connections of this server, and nothing but this server by it.
  server.maxConnections = limits.maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    logRefusal(log, { status: 400, sentence: 'The message was no request, or took too long.' }, error.code);
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.listen(listen.port, listen.address);
  await once(server, 'listening');
  const port = toPort(server);
  const authority = `${listen.address.includes(':') ? `[${listen.address}]` : listen.address}:${port}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = findRefusal(request, authority);
    if (refused !== null) return refuse(request, response, refused);
    const body = await readBody(request, limits.maxMessageBytes);
    if (body === null) {
      const sentence = `The message is longer than ${limits.maxMessageBytes} bytes.`;
      return refuse(request, response, { status: 413, sentence });
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await handler(toWebRequest(request, request.method === 'POST' ? body : null, gone.signal));
    // A client asks with GET whether the server has news for it, and is told so: no refusal.
    if (answer.status >= 400 && answer.status !== 405) {
      logRefusal(log, { status: answer.status, sentence: 'The message was not one that MCP knows.' });
    }
    await sendWebResponse(answer, response);
  }

  function refuse(request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal): void {
    logRefusal(log, refusal);
    response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(`${refusal.sentence}\n`, () => request.destroy());
  }

  return { port };
}

function findRefusal(request: IncomingMessage, authority: string): HttpRefusal | null {
  const { headers, headersDistinct, method = '', url } = request;
  // SECURITY: a page that a browser in the guest shows may not speak to this server by another name, nor for another site.
  if (headersDistinct.host?.join() !== authority)
    return { status: 421, sentence: `This server is http://${authority}${path}.` };
  if (headers.origin !== undefined && headers.origin !== `http://${authority}`) {
    return { status: 403, sentence: 'No page of another site may ask the operator.' };
  }
  if (url !== path) return { status: 404, sentence: `There is only ${path} here.` };
  if (!methods.includes(method)) return { status: 405, sentence: `Only ${methods.join(', ')} are answered.` };
  return null;
}

function logRefusal(log: Log, { status, sentence }: HttpRefusal, detail = `status ${status}`): void {
  const fields = { layer: 'supervise', reason: `HTTP request refused (${detail})`, hint: sentence };
  log.write({ level: 'warn', event: 'blocked', message: `request refused: ${sentence}`, ...fields });
}

function toPort(server: Server): number {
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the server has no port');
  return bound.port;
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
