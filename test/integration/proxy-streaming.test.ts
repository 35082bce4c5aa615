import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyNoEngine } from '../support/engine.ts';
import { runProbe } from '../support/probe.ts';
import { createSealedBottle, type SealedBottle } from '../support/sealed-bottle.ts';

const transferBytes = 24 * 1024 * 1024;

const reason = await whyNoEngine();

describe('what passes through the proxy', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));

  const stack = new AsyncDisposableStack();
  let bottle: SealedBottle;

  beforeAll(async () => {
    if (reason !== null) return;
    bottle = stack.use(await createSealedBottle('streaming'));
  });
  afterAll(() => stack.disposeAsync());

  it('hands on each event of a stream at once', async () => {
    const input = { url: 'https://open.test', id: 'one' };
    const read = await runProbe<readonly string[]>(bottle.asAgent, 'events', input);
    expect(read).toEqual(['data: first', 'data: second']);
  });

  it('keeps every byte of large bodies both ways', async () => {
    const url = 'https://open.test';
    const result = await runProbe<{
      up: { sent: string; arrived: string; status: number };
      down: { received: string; promised: string; bytes: number };
    }>(bottle.asAgent, 'transfer', {
      bytes: transferBytes,
      uploadUrl: `${url}/upload`,
      downloadUrl: `${url}/download?bytes=${String(transferBytes)}`,
    });
    expect(result.up).toMatchObject({ status: 200, arrived: result.up.sent });
    expect(result.down).toMatchObject({ bytes: transferBytes, received: result.down.promised });
  });

  it('speaks HTTP/2 to the guest that offers it, and to a site that offers it', async () => {
    const answer = await runProbe<{ alpn: string; status: number; body: string }>(bottle.asAgent, 'http2', {
      proxy: bottle.proxy,
      connect: 'open.test:443',
      path: '/by-http2',
    });
    expect(answer).toMatchObject({ alpn: 'h2', status: 200 });
    const arrived = (await bottle.siteEvents()).filter((event) => event.path === '/by-http2');
    expect(arrived.map((event) => event.httpVersion)).toEqual(['2.0']);
  });

  it('refuses in HTTP/2 an authority that is not the name of the tunnel', async () => {
    const answer = await runProbe<{ status: number; headers: Record<string, string> }>(
      bottle.asAgent,
      'http2',
      {
        proxy: bottle.proxy,
        connect: 'open.test:443',
        authority: 'other.test',
        path: '/by-http2-other',
      },
    );
    expect(answer.status).toBe(403);
    expect(answer.headers['x-bottle-block']).toBe('authority');
    const arrived = (await bottle.siteEvents()).filter((event) => event.path === '/by-http2-other');
    expect(arrived).toEqual([]);
  });

  it.each([
    ['curl', ['curl', '-sS', '--max-time', '8', 'https://open.test/by-curl']],
    ['git', ['git', 'ls-remote', 'https://open.test/by-git']],
    [
      'node',
      ['node', '-e', "fetch('https://open.test/by-node').then((answer) => console.log(answer.status))"],
    ],
  ])('is trusted by %s without any set-up in the guest', async (program, argv) => {
    const output = await bottle.asAgent(argv, '');
    const arrived = (await bottle.siteEvents()).filter((event) => event.path?.startsWith(`/by-${program}`));
    expect([output.stderr.includes('certificate'), arrived.length > 0]).toEqual([false, true]);
  });

  it('keeps a connection for the next request', async () => {
    const head = 'GET /kept HTTP/1.1\r\nHost: open.test\r\n\r\n';
    const said = {
      connect: 'open.test:443',
      tls: { servername: 'open.test' },
      write: [head.repeat(5)],
      responses: 5,
    };
    const input = { proxy: bottle.proxy, exchanges: [said] };
    const [answer] = await runProbe<readonly { responses: { status: number }[] }[]>(
      bottle.asAgent,
      'wire',
      input,
    );
    expect(answer?.responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });
});
