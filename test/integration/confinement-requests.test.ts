import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import type { SiteEvent } from '../support/outside-site.ts';
import { runProbe } from '../support/probe.ts';
import { createSealedBottle, type SealedBottle } from '../support/sealed-bottle.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface WireResult {
  readonly outcome: 'answered' | 'closed' | 'deadline' | 'error';
  readonly code: string;
  readonly connect: Answer | null;
  readonly responses: readonly Answer[];
  readonly ms: number;
}

/** What is said to the proxy, byte by byte. `MARK` stands for a word that is this case's own. */
interface Said {
  readonly connect?: string;
  readonly tls?: { readonly servername: string };
  readonly write: readonly string[];
  readonly responses?: number;
}

interface Case {
  readonly name: string;
  readonly say: (bottle: SealedBottle) => Said;
  /** Which layer says no. */
  readonly block: readonly string[];
}

const toHead = (target: string, host: string, ...lines: readonly string[]): string =>
  [`${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n');

/** How it went, and what of it reached a stand-in. */
interface Asked {
  readonly mark: string;
  readonly result: WireResult;
  readonly arrived: readonly SiteEvent[];
}

/** A request inside an intercepted tunnel to a host. */
const inTunnel = (host: string, write: readonly string[], responses = 1): Said => ({
  connect: `${host}:443`,
  tls: { servername: host },
  write,
  responses,
});

/** A request in absolute form, in the clear. */
const inTheClear = (...write: readonly string[]): Said => ({ write });

/** Shapes that pass: each refusal below differs from one of them in the one thing it is refused for. */
const permitted: readonly { readonly name: string; readonly say: Said }[] = [
  { name: 'an intercepted request', say: inTunnel('open.test', [toHead('GET /MARK', 'open.test')]) },
  {
    name: 'a host below a wildcard',
    say: inTunnel('deep.zone.test', [toHead('GET /MARK', 'deep.zone.test')]),
  },
  { name: 'a request in absolute form', say: inTheClear(toHead('GET http://clear.test/MARK', 'clear.test')) },
  {
    name: 'a permitted method and path',
    say: inTunnel('paths.test', [toHead('GET /allowed/MARK', 'paths.test')]),
  },
  {
    name: 'a body with a length',
    say: inTunnel('open.test', [`${toHead('POST /MARK', 'open.test', 'Content-Length: 5')}hello`]),
  },
  {
    name: 'a body in chunks',
    say: inTunnel('open.test', [
      `${toHead('POST /MARK', 'open.test', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
    ]),
  },
  {
    name: 'two requests on one connection',
    say: inTunnel('paths.test', [toHead('GET /allowed/MARK', 'paths.test').repeat(2)], 2),
  },
];

const tunnelTo = (authority: string): Said => ({
  connect: authority,
  tls: { servername: authority.split(':')[0] ?? '' },
  write: [toHead('GET /MARK', authority.split(':')[0] ?? '')],
});

const refused: readonly Case[] = [
  { name: 'an unlisted host', say: () => tunnelTo('other.test:443'), block: ['allowlist'] },
  {
    name: 'an unlisted host in absolute form',
    say: () => inTheClear(toHead('GET http://other.test/MARK', 'other.test')),
    block: ['allowlist'],
  },
  { name: 'a look-alike suffix', say: () => tunnelTo('evil-open.test:443'), block: ['allowlist'] },
  { name: 'the zone of a wildcard itself', say: () => tunnelTo('zone.test:443'), block: ['allowlist'] },
  {
    name: 'an unlisted address under the name of a listed host',
    say: ({ site }) => inTheClear(toHead(`GET http://${site.address}/MARK`, 'clear.test')),
    block: ['allowlist', 'authority'],
  },
  {
    name: 'a tunnel to an address',
    say: ({ site }) => tunnelTo(`${site.address}:443`),
    block: ['allowlist'],
  },
  { name: 'a tunnel to another port', say: () => tunnelTo('open.test:22'), block: ['allowlist'] },
  { name: 'the metadata address', say: () => tunnelTo('169.254.169.254:80'), block: ['allowlist', 'ssrf'] },
  ...[
    '127.0.0.1',
    '0.0.0.0',
    '127.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
  ].map(
    (host): Case => ({
      name: `the bundle's own loopback as ${host}`,
      say: () => inTheClear(toHead(`GET http://${host}:9099/MARK`, `${host}:9099`)),
      block: ['allowlist', 'http', 'authority', 'ssrf'],
    }),
  ),
  {
    name: 'a listed name that leads to a private address',
    say: () => inTunnel('private.test', [toHead('GET /MARK', 'private.test')]),
    block: ['ssrf'],
  },
  {
    name: 'user information before another host',
    say: () => inTheClear(toHead('GET http://clear.test@other.test/MARK', 'other.test')),
    block: ['http', 'authority', 'allowlist'],
  },
  {
    name: 'a Host header that names another host than the tunnel',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'other.test')]),
    block: ['authority'],
  },
  {
    name: 'a Host header that names another listed host than the tunnel',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'header.test')]),
    block: ['authority'],
  },
  {
    name: 'a Host header that names another host than the target',
    say: () => inTheClear(toHead('GET http://clear.test/MARK', 'other.test')),
    block: ['authority'],
  },
  {
    name: 'two Host headers',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'open.test', 'Host: other.test')]),
    block: ['http', 'authority'],
  },
  {
    name: 'a method that no route permits',
    say: () => inTunnel('paths.test', [toHead('DELETE /allowed/MARK', 'paths.test', 'Content-Length: 0')]),
    block: ['allowlist'],
  },
  ...[
    '/MARK',
    '/allowed/../MARK',
    '/allowed/..%2FMARK',
    '/allowed/%2e%2e/MARK',
    '/allowed/%252e%252e/MARK',
    '/allowed/;x/../MARK',
    '/allowed/..;x/MARK',
    '/allowed/..\\MARK',
    '/allowed/..%5cMARK',
    '//allowed/../MARK',
  ].map(
    (path): Case => ({
      name: `the path ${path}`,
      say: () => inTunnel('paths.test', [toHead(`GET ${path}`, 'paths.test')]),
      block: ['allowlist', 'http'],
    }),
  ),
  {
    name: 'a length and chunks in one request',
    say: () =>
      inTunnel('open.test', [
        `${toHead('POST /MARK', 'open.test', 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ]),
    block: ['http'],
  },
  {
    name: 'two lengths',
    say: () =>
      inTunnel('open.test', [
        `${toHead('POST /MARK', 'open.test', 'Content-Length: 5', 'Content-Length: 6')}hello`,
      ]),
    block: ['http'],
  },
  {
    name: 'a transfer coding that is not quite chunked',
    say: () =>
      inTunnel('open.test', [`${toHead('POST /MARK', 'open.test', 'Transfer-Encoding: xchunked')}0\r\n\r\n`]),
    block: ['http'],
  },
  {
    name: 'a folded header',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'open.test', 'X-A: 1', ' folded: 2')]),
    block: ['http'],
  },
  {
    name: 'lines that end in a bare line feed',
    say: () => inTunnel('open.test', ['GET /MARK HTTP/1.1\nHost: open.test\n\n']),
    block: ['http'],
  },
  {
    name: 'a space before the colon of a header',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'open.test', 'X-A : 1')]),
    block: ['http'],
  },
  {
    name: 'a head without end',
    say: () => inTunnel('open.test', [toHead('GET /MARK', 'open.test', `X-A: ${'a'.repeat(400_000)}`)]),
    block: ['http'],
  },
  {
    name: 'HTTP/2 without TLS',
    say: () => inTheClear('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    block: ['http'],
  },
  {
    name: 'a tunnel that holds something else than TLS',
    say: () => ({ connect: 'open.test:443', write: [toHead('GET /MARK', 'open.test')] }),
    block: ['tls'],
  },
];

const reason = await whyNoEngine();

describe('what a guest can ask for', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;
  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(await createSealedBottle('requests'));
  });
  afterAll(() => stack.disposeAsync());

  /** Says all of it, one after the other, and finds out what of each arrived anywhere. */
  async function askAll(list: readonly Said[]): Promise<readonly Asked[]> {
    const marks = list.map(() => `mark-${randomBytes(6).toString('hex')}-end`);
    const exchanges = list.map((said, index) => ({
      ...said,
      write: said.write.map((part) => part.replaceAll('MARK', marks[index] ?? '')),
    }));
    const { proxy } = bottle;
    const results = await runProbe<readonly WireResult[]>(bottle.asAgent, 'wire', { proxy, exchanges });
    const events = [...(await bottle.siteEvents()), ...(await bottle.forbidden.events<SiteEvent>())];
    return marks.map((mark, index) => {
      const result = results[index];
      if (result === undefined) throw new Error('the probe did not print a result for each exchange');
      return { mark, result, arrived: events.filter((event) => event.path?.includes(mark)) };
    });
  }

  async function ask(said: Said): Promise<Asked> {
    const [asked] = await askAll([said]);
    if (asked === undefined) throw new Error('there is no result');
    return asked;
  }

  describe('in a shape that is permitted', () => {
    let asked: readonly Asked[];
    beforeAll(async () => {
      if (reason !== null) return;
      asked = await askAll(permitted.map(({ say }) => say));
    });

    it.each(permitted.map(({ name, say }, index) => ({ name, index, count: say.responses ?? 1 })))(
      'passes $name',
      ({ index, count }) => {
        const { result, arrived } = asked[index] ?? {};
        expect(result?.responses.map(({ status }) => status)).toEqual(
          Array.from({ length: count }, () => 200),
        );
        expect(arrived).toHaveLength(count);
      },
    );
  });

  describe('in a shape that is not', () => {
    let asked: readonly Asked[];
    beforeAll(async () => {
      if (reason !== null) return;
      asked = await askAll(refused.map(({ say }) => say(bottle)));
    });

    it.each(refused.map((own, index) => ({ ...own, index })))(
      'refuses $name, at once and before anything outside hears of it',
      ({ block, index }) => {
        const { result, arrived } = asked[index] ?? {};
        const answer = result?.responses[0] ?? (result?.connect?.status === 200 ? null : result?.connect);
        expect(result?.outcome).toMatch(/^(answered|closed)$/);
        expect(answer?.status).toBe(403);
        expect(block).toContain(answer?.headers['x-bottle-block']);
        // One plain sentence, for the agent to read.
        expect(answer?.body.trim()).toMatch(/^\S[^\n]{20,400}\.$/);
        expect(result?.ms).toBeLessThan(1000);
        expect(arrived).toEqual([]);
      },
    );
  });

  it.each([
    ['another listed host', 'header.test'],
    ['an unlisted host', 'other.test'],
    ['nobody', ''],
  ])('refuses a tunnel whose TLS greeting names %s', async (_whom, servername) => {
    const said = { connect: 'open.test:443', write: [toHead('GET /MARK', 'open.test')] };
    const control = await ask({ ...said, tls: { servername: 'open.test' } });
    expect(control.result.responses.map(({ status }) => status)).toEqual([200]);
    const { result, arrived } = await ask({ ...said, tls: { servername } });
    expect(result.responses.map(({ status }) => status)).toEqual([403]);
    expect(result.responses[0]?.headers['x-bottle-block']).toBe('authority');
    expect(arrived).toEqual([]);
  });

  it('refuses the second of two pipelined requests, and passes the first', async () => {
    const { result, arrived } = await ask(
      inTunnel(
        'paths.test',
        [toHead('GET /allowed/MARK', 'paths.test') + toHead('GET /elsewhere/MARK', 'paths.test')],
        2,
      ),
    );
    expect(result.responses.map(({ status }) => status)).toEqual([200, 403]);
    expect(arrived).toHaveLength(1);
  });

  it('hands a redirect to the guest, follows none, and refuses the address it leads to', async () => {
    const address = bottle.forbidden.address;
    const { result, mark } = await ask(
      inTunnel('open.test', [toHead(`GET /redirect?to=http://${address}/MARK`, 'open.test')]),
    );
    expect(result.responses[0]).toMatchObject({
      status: 302,
      headers: { location: `http://${address}/${mark}` },
    });
    const followed = await ask(inTheClear(toHead(`GET http://${address}/MARK`, address)));
    expect(followed.result.responses[0]?.status).toBe(403);
    expect(await bottle.forbidden.events()).toEqual([{ event: 'ready' }]);
    const control = await runProbe<readonly { status: number }[]>(bottle.plain.exec, 'fetch', {
      requests: [{ url: `http://${address}/control` }],
    });
    expect(control.map(({ status }) => status)).toEqual([200]);
  });

  it('lives on after every one of these, and says so in its log', async () => {
    const { result } = await ask(inTunnel('open.test', [toHead('GET /MARK', 'open.test')]));
    expect(result.responses.map(({ status }) => status)).toEqual([200]);
    const events = (await bottle.bundleLog())
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { event: string; daemon: string });
    expect(events.filter(({ event }) => event === 'blocked').length).toBeGreaterThan(20);
    expect(events.filter(({ event }) => event === 'defect')).toEqual([]);
  });
});
