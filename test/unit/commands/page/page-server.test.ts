import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BottlePlan } from '../../../../src/plans/bottle-plan.ts';
import type { QueueRequest } from '../../../../src/queue/request.ts';
import { createOperatorHome, type OperatorHome, routeProposal } from '../../../support/operator-home.ts';
import { type RunningPage, startPage } from '../../../support/running-page.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

let stack: AsyncDisposableStack;
let home: OperatorHome;
let plan: BottlePlan;
let waiting: QueueRequest;
let page: RunningPage;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  home = stack.use(await createOperatorHome());
  plan = await home.addBottle('dev');
  waiting = await home.ask(plan);
  page = stack.use(await startPage(home.operator()));
});
afterEach(() => stack.disposeAsync());

/** Sends a request as no browser would let a page send it: with any header. */
async function begin(path: string, { method = 'GET', headers = {}, body = '' }: Asked = {}) {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  const sent = request(new URL(path, page.origin), { method, agent: false });
  for (const [name, value] of given) sent.setHeader(name, value ?? '');
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('no answer');
  return response;
}

async function ask(path: string, asked: Asked = {}): Promise<Answer> {
  const response = await begin(path, asked);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Opens the page as a browser does; returns what its script sends with everything. */
async function open(): Promise<{
  cookie: string;
  'x-bottle-key': string;
  origin: string;
  'content-type': string;
}> {
  const { headers, body } = await ask(page.url);
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const key = /<meta name="bottle-key" content="([\w-]{43})">/.exec(body)?.[1] ?? '';
  return { cookie, 'x-bottle-key': key, origin: page.origin, 'content-type': 'application/json' };
}

async function isWaiting(): Promise<boolean> {
  return (await home.operator().find(waiting.id, null)).status === 'waiting';
}

const rejection = () => JSON.stringify({ id: waiting.id, bottle: 'dev', notes: 'No.', seenRevision: 0 });

describe('the one-time token', () => {
  it('opens the page once: a second use is a plain refusal, and the first goes on', async () => {
    const first = await ask(page.url);
    expect(first.status).toBe(200);
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(/^bottle-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/),
    ]);
    const second = await ask(page.url);
    expect(second).toMatchObject({ status: 403, body: expect.stringContaining('opens the page once') });
    expect(second.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(second.headers['set-cookie']).toBeUndefined();
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0];
    const again = await ask('/', { headers: { cookie } });
    expect(again.status).toBe(200);
    // Loaded again it has the key no more: it stays with the tab that opened it.
    expect(again.body).toContain('<meta name="bottle-key" content="">');
  });

  it('has 256 bits, and a wrong one opens nothing and uses nothing up', async () => {
    expect(new URL(page.url).searchParams.get('token')).toMatch(/^[\w-]{43}$/);
    expect((await ask(`/?token=${'a'.repeat(43)}`)).status).toBe(403);
    expect((await ask('/?token=')).status).toBe(403);
    expect((await ask(page.url, { method: 'HEAD', headers: { origin: page.origin } })).status).toBe(403);
    expect((await ask(page.url)).status).toBe(200);
  });

  it('is not used up by a browser that only looks ahead', async () => {
    expect((await ask(page.url, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status).toBe(403);
    expect((await ask(page.url)).status).toBe(200);
  });

  it('is not used up by a link on another site', async () => {
    const crossed = await ask(page.url, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(crossed.status).toBe(403);
    expect((await ask(page.url, { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  it.each(['/', '/page.js', '/style.css', '/nothing', '/api/events', '/api/reject'])(
    'of %s is refused without a session, and says nothing of a request',
    async (path) => {
      const { status, body } = await ask(path);
      expect(status).toBe(403);
      expect(body).not.toContain(waiting.id);
    },
  );

  it.each([
    ['the page', '/', 200],
    ['its script', '/page.js', 200],
    ['its style', '/style.css', 200],
    ['what is not there', '/nothing', 404],
    ['a file beside it', '/../commands/up.js', 404],
  ])('forbids all but its own script and style, and to keep or frame it: %s', async (_name, path, status) => {
    const answer = await ask(path, { headers: await open() });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
      ),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('a change', () => {
  it('is made for the page itself', async () => {
    const headers = await open();
    const { status } = await ask('/api/reject', { method: 'POST', headers, body: rejection() });
    expect(status).toBe(200);
    expect(await isWaiting()).toBe(false);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>, number]>([
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['another port of this address', { origin: 'http://127.0.0.1:1' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['no origin', { origin: undefined }, 403],
    ['another name for this address', { host: 'rebound.example' }, 421],
    ['the name localhost', { host: 'localhost' }, 421],
    ['another site, by what the browser says', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another port, by what the browser says', { 'sec-fetch-site': 'same-site' }, 403],
    ['no cookie', { cookie: undefined }, 403],
    ['a wrong cookie', { cookie: `bottle-1=${'a'.repeat(43)}` }, 403],
    ['no key', { 'x-bottle-key': undefined }, 403],
    ['a wrong key', { 'x-bottle-key': 'a'.repeat(43) }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form that says it is text', { 'content-type': 'text/plain' }, 415],
  ])('is refused to %s', async (_name, changed, status) => {
    const headers = { ...(await open()), ...changed };
    const answer = await ask('/api/reject', { method: 'POST', headers, body: rejection() });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(await isWaiting()).toBe(true);
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('is not made by %s', async (method) => {
    const answer = await ask('/api/reject', { method, headers: await open(), body: rejection() });
    expect(answer.status).toBe(404);
    expect(await isWaiting()).toBe(true);
  });

  it.each<[string, string, string]>([
    ['what is not JSON', 'reject', '{'],
    ['a list', 'reject', '[]'],
    [
      'a message without a note',
      'reject',
      '{"id":"req-00000001","bottle":"dev","notes":"","seenRevision":0}',
    ],
    ['one key more', 'revoke', '{"id":"req-00000001","bottle":"dev","x":1}'],
    ['an id that is a path', 'revoke', '{"id":"../../x","bottle":"dev"}'],
    [
      'a flag that is a text',
      'approve',
      '{"id":"req-00000001","bottle":"dev","notes":"","seenRevision":0,"save":"no","proposal":null}',
    ],
    ['a request that is not there', 'revoke', '{"id":"req-ffffffff","bottle":"dev"}'],
  ])('is refused with a code for %s', async (_name, action, body) => {
    const answer = await ask(`/api/${action}`, { method: 'POST', headers: await open(), body });
    expect(answer.status).toBe(409);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: expect.stringMatching(/^request-/),
      message: expect.any(String),
      hint: expect.any(String),
    });
    expect(await isWaiting()).toBe(true);
  });

  it('is not an action that an object has by birth', async () => {
    const answer = await ask('/api/constructor', { method: 'POST', headers: await open(), body: '{}' });
    expect(answer.status).toBe(404);
  });

  it('is not read when it is too much, or of no said length', async () => {
    const headers = await open();
    const much = await ask('/api/reject', { method: 'POST', headers, body: ' '.repeat(600 * 1024) }).catch(
      () => null,
    );
    // The connection may be gone before all is sent.
    expect(much?.status ?? 413).toBe(413);
    const endless = { ...headers, 'transfer-encoding': 'chunked' };
    expect((await ask('/api/reject', { method: 'POST', headers: endless, body: '{}' })).status).toBe(413);
    expect(await isWaiting()).toBe(true);
  });

  it('approves what was shown, and not what the request holds by now', async () => {
    const shown = { ...routeProposal, methods: ['HEAD'] };
    const message = {
      id: waiting.id,
      bottle: 'dev',
      notes: '',
      save: false,
      seenRevision: 0,
      proposal: shown,
    };
    const headers = await open();
    const answer = await ask('/api/approve', { method: 'POST', headers, body: JSON.stringify(message) });
    expect(answer.status).toBe(200);
    expect((await home.policy(plan)).grants).toMatchObject([{ change: shown }]);
  });
});

describe('the snapshots', () => {
  it('come at once, and again with each change, until the command ends', async () => {
    const response = await begin('/api/events', { headers: await open() });
    expect(response.headers['content-type']).toBe('text/event-stream');
    response.setEncoding('utf8');
    let received = '';
    const until = async (expected: string) => {
      while (!received.includes(expected)) {
        const [chunk]: string[] = await once(response, 'data');
        received += chunk;
      }
    };
    await until(waiting.id);
    const second = await home.ask(plan);
    await until(second.id);
    const closed = once(response, 'close');
    await page[Symbol.asyncDispose]();
    await closed;
  });

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['no key', { 'x-bottle-key': undefined }],
    ['no cookie', { cookie: undefined }],
    ['another origin', { origin: 'http://evil.example' }],
  ])('are refused with %s', async (_name, changed) => {
    const { status, body } = await ask('/api/events', { headers: { ...(await open()), ...changed } });
    expect(status).toBe(403);
    expect(body).not.toContain(waiting.id);
  });
});

it('is served on 127.0.0.1 alone: not even on the next address of the loopback', async () => {
  const { port, hostname } = new URL(page.url);
  const reach = async (host: string) => {
    const socket = connect({ host, port: Number(port) });
    return await once(socket, 'connect')
      .then(
        () => 'reached',
        () => 'refused',
      )
      .finally(() => socket.destroy());
  };
  expect(hostname).toBe('127.0.0.1');
  expect(await reach('127.0.0.1')).toBe('reached');
  expect(await reach('127.0.0.2')).toBe('refused');
  expect(await reach('::1')).toBe('refused');
});

it('refuses a port that is taken', async () => {
  const { runPage } = await import('../../../../src/commands/page/run-page.ts');
  const taken = Number(new URL(page.url).port);
  const options = { port: taken, onListening() {}, onWarning() {}, signal: new AbortController().signal };
  await expect(runPage(home.operator(), options)).rejects.toMatchObject({ code: 'usage-invalid' });
});
