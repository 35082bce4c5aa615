import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import type { Operator } from '../../approvals/operator.ts';
import { BottleError } from '../../errors.ts';
import { toFailure } from '../program/failure.ts';
import { checkSender, isPrefetch, type Refusal, readCookie } from './check-sender.ts';
import { pageActions } from './page-actions.ts';
import { sendJson, sendRefusal, sendText } from './page-answer.ts';
import type { PageFiles } from './page-files.ts';
import { keyHeader, type PageError } from './page-messages.ts';
import type { PageSession } from './page-session.ts';
import type { SnapshotStreams } from './snapshot-streams.ts';

/** What the page's server works with. */
export interface PageParts {
  readonly operator: Operator;
  readonly session: PageSession;
  readonly streams: SnapshotStreams;
  readonly files: PageFiles;
  /** The address and port it listens on, once it does. */
  readonly authority: () => string;
  /** Aborts answers that are under way. */
  readonly signal: AbortSignal;
}

const maxBodyBytes = 512 * 1024;
const maxConnections = 64;

const notFound: Refusal = { status: 404, message: 'There is nothing at this address.' };
const usedLink: Refusal = {
  status: 403,
  message:
    'This link opens the page once, and that was used; or the command that printed it has ended. ' +
    'Start "bottle supervise --web" again for a new one.',
};

/** A server for one browser: it answers nobody who does not show the session's secrets. */
export function createPageServer(parts: PageParts): Server {
  const server = createServer((request, response) => {
    answer(request, response, parts).catch(() => {
      // The browser has gone in the middle of its own request.
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: PageParts): Promise<void> {
  const refusal = checkSender(request, parts.authority());
  if (refusal !== null) return sendRefusal(response, refusal);
  const url = new URL(request.url ?? '/', `http://${parts.authority()}`);
  const token = url.searchParams.get('token');
  if (request.method === 'GET' && url.pathname === '/' && token !== null) {
    return openSession(request, response, parts, token);
  }
  // SECURITY: from here on nothing is told to whoever has no session.
  if (!parts.session.isCookie(readCookie(request, cookieName(parts)))) return sendRefusal(response, usedLink);
  if (request.method === 'GET') {
    switch (url.pathname) {
      case '/':
        return sendText(response, 'text/html', parts.files.html(null));
      case '/page.js':
        return sendText(response, 'text/javascript', parts.files.script);
      case '/style.css':
        return sendText(response, 'text/css', parts.files.style);
    }
  }
  const action = url.pathname.startsWith('/api/') ? url.pathname.slice('/api/'.length) : null;
  if (action === null) return sendRefusal(response, notFound);
  // SECURITY: the cookie goes to every port of this address; the key is this page's alone.
  if (!parts.session.isKey(readHeader(request, keyHeader))) return sendRefusal(response, usedLink);
  if (request.method === 'GET' && action === 'events') return parts.streams.add(response);
  const act = Object.hasOwn(pageActions, action) ? pageActions[action] : undefined;
  if (act === undefined || request.method !== 'POST') return sendRefusal(response, notFound);
  const body = await readBody(request);
  if (typeof body !== 'string') return sendRefusal(response, body);
  try {
    sendJson(response, 200, await act(parts.operator, parseJson(body), parts.signal));
  } catch (error) {
    const { code, message, hint, exit } = toFailure(error);
    sendJson(response, code === 'bug' ? 500 : exit === 2 ? 409 : 502, {
      code,
      message,
      hint,
    } satisfies PageError);
  }
}

function openSession(
  request: IncomingMessage,
  response: ServerResponse,
  parts: PageParts,
  token: string,
): void {
  const secrets = isPrefetch(request) ? null : parts.session.exchange(token);
  if (secrets === null) sendRefusal(response, usedLink);
  else {
    sendText(response, 'text/html', parts.files.html(secrets.key), {
      'set-cookie': `${cookieName(parts)}=${secrets.cookie}; HttpOnly; SameSite=Strict; Path=/`,
    });
  }
}

/** Browsers keep cookies by address, not by port: two pages at once need two names. */
function cookieName(parts: PageParts): string {
  return `bottle-${parts.authority().split(':')[1]}`;
}

function readHeader(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

/** The body of a POST, or why it is not read. SECURITY: other sites' forms cannot send JSON. */
async function readBody(request: IncomingMessage): Promise<string | Refusal> {
  if (request.headers['content-type'] !== 'application/json') {
    return { status: 415, message: 'Only JSON is taken here.' };
  }
  const length = Number(request.headers['content-length']);
  if (!(length <= maxBodyBytes)) return { status: 413, message: 'That is too much.' };
  return await readAll(request);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new BottleError('request-invalid', 'The message is not JSON.');
  }
}
