import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEgress, startFakeEgress } from './support/fake-egress.ts';
import { openHttp2, openSocket, openTls, requestHttp2, sendRaw } from './support/guest.ts';
import { startTestPipelock, type TestPipelock } from './support/running-pipelock.ts';

let egress: FakeEgress;
let pipelock: TestPipelock;
beforeAll(async () => {
  egress = await startFakeEgress();
  pipelock = await startTestPipelock(egress.port);
});
afterAll(async () => {
  await pipelock[Symbol.asyncDispose]();
  await egress[Symbol.asyncDispose]();
});

const push = 'application/x-git-receive-pack-request';
const fetch = 'application/x-git-upload-pack-request';

type Ask = readonly [name: string, method: string, target: string, contentType?: string];

const refused: readonly Ask[] = [
  ['the question for the refs', 'GET', '/o/r.git/info/refs?service=git-receive-pack'],
  ['… without .git', 'GET', '/o/r/info/refs?service=git-receive-pack'],
  ['… as HEAD', 'HEAD', '/o/r.git/info/refs?service=git-receive-pack'],
  ['… as POST', 'POST', '/o/r.git/info/refs?service=git-receive-pack'],
  ['… behind another parameter', 'GET', '/o/r.git/info/refs?x=1&service=git-receive-pack'],
  ['… in front of another parameter', 'GET', '/o/r.git/info/refs?service=git-receive-pack&x=1'],
  ['… behind a semicolon', 'GET', '/o/r.git/info/refs?x=1;service=git-receive-pack'],
  [
    '… behind the other service',
    'GET',
    '/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack',
  ],
  [
    '… in front of the other service',
    'GET',
    '/o/r.git/info/refs?service=git-receive-pack&service=git-upload-pack',
  ],
  ['… with the value encoded', 'GET', '/o/r.git/info/refs?service=git%2Dreceive%2dpack'],
  ['… with a letter encoded', 'GET', '/o/r.git/info/refs?%73ervice=git-%72eceive-pack'],
  ['… with a letter encoded twice', 'GET', '/o/r.git/info/refs?service=git-%2572eceive-pack'],
  ['… with the equals sign encoded', 'GET', '/o/r.git/info/refs?service%3Dgit-receive-pack'],
  ['… with the separator encoded', 'GET', '/o/r.git/info/refs?x=1%26service=git-receive-pack'],
  ['… in capitals', 'GET', '/o/r.git/info/refs?SERVICE=GIT-RECEIVE-PACK'],
  ['… with a plus', 'GET', '/o/r.git/info/refs?service=+git-receive-pack'],
  ['… with an encoded space in the name', 'GET', '/o/r.git/info/refs?%20service=git-receive-pack%20'],
  ['… as a list', 'GET', '/o/r.git/info/refs?service[]=git-receive-pack'],
  ['… of a path with an encoded letter', 'GET', '/o/r.git/info/%72efs?service=git-receive-pack'],
  ['… of any other path', 'GET', '/anywhere?service=git-receive-pack'],
  ['the push', 'POST', '/o/r.git/git-receive-pack', push],
  ['… without a type', 'POST', '/o/r.git/git-receive-pack'],
  ['… of another type', 'POST', '/o/r.git/git-receive-pack', 'text/plain'],
  ['… with an encoded letter', 'POST', '/o/r.git/git%2Dreceive-pac%6B'],
  ['… with an encoded slash', 'POST', '/o/r.git%2fgit-receive-pack'],
  ['… in capitals', 'POST', '/o/r.git/Git-Receive-Pack'],
  ['… with a slash at the end', 'POST', '/o/r.git/git-receive-pack/'],
  ['… with path parameters', 'POST', '/o/r.git/git-receive-pack;x=1'],
  ['… with a query', 'POST', '/o/r.git/git-receive-pack?x=1'],
  ['… with an encoded question mark', 'POST', '/o/r.git/git-receive-pack%3fx'],
  ['… with an encoded number sign', 'POST', '/o/r.git/git-receive-pack%23x'],
  ['… with a dot at the end', 'POST', '/o/r.git/git-receive-pack.'],
  ['… as PUT', 'PUT', '/o/r.git/git-receive-pack'],
  ['its type alone, at another path', 'POST', '/elsewhere', push],
  ['… in capitals and with parameters', 'POST', '/elsewhere', `${push.toUpperCase()}; charset=utf-8`],
  ['… with a method that has no body', 'GET', '/elsewhere', push],
];

const allowed: readonly Ask[] = [
  ['the question for the refs to fetch', 'GET', '/o/r.git/info/refs?service=git-upload-pack'],
  ['a fetch', 'POST', '/o/r.git/git-upload-pack', fetch],
  ['the question of the oldest clients', 'GET', '/o/r.git/info/refs'],
  ['a page about the command', 'GET', '/docs/git-receive-pack'],
  ['a search for the command', 'GET', '/search?q=git-receive-pack'],
  ['another service', 'GET', '/status?service=receiver'],
  ['a path that goes on', 'POST', '/docs/git-receive-pack/comments'],
  ['an escape that is none', 'GET', '/search?service=%zz'],
];

const sentence =
  /^A git push over HTTPS does not leave this bottle.*push to one of the bottle's git remotes by its own URL/;

function toHead([, method, target, type]: Ask, host: string): string {
  const body = method === 'GET' || method === 'HEAD' ? '' : 'Content-Length: 0\r\n';
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${body}${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`;
}

describe.each([
  ['refused', refused],
  ['allowed', allowed],
] as const)('over HTTP(S), %s:', (outcome, asks) => {
  const expectOutcome = (
    response: { status: number; headers: object; body: string },
    method = 'GET',
  ): void => {
    if (outcome === 'allowed') {
      expect(response.status).toBe(200);
      return;
    }
    expect(response).toMatchObject({ status: 403, headers: { 'x-bottle-block': 'git' } });
    if (method !== 'HEAD') expect(response.body).toMatch(sentence);
  };

  it.each(asks.map((ask) => [ask[0], ask] as const))('%s', async (_name, ask) => {
    const before = egress.seen.length;
    const socket = await openTls(pipelock);
    expectOutcome(await sendRaw(socket, toHead(ask, 'open.test')), ask[1]);
    socket.destroy();

    const [name, method, target, type] = ask;
    const session = await openHttp2(pipelock);
    const fields: Record<string, string> = {
      ':authority': 'open.test',
      ':method': method,
      ':path': target,
      ...(type === undefined ? {} : { 'content-type': type }),
    };
    expectOutcome(await requestHttp2(session, fields), method);
    session.destroy();

    const proxy = await openSocket(pipelock.port);
    const url = `http://plain.test${target}`;
    const absolute = toHead(
      type === undefined ? [name, method, url] : [name, method, url, type],
      'plain.test',
    );
    expectOutcome(await sendRaw(proxy, absolute), method);
    proxy.destroy();
    expect(egress.seen.length - before).toBe(outcome === 'allowed' ? 3 : 0);
  });
});

describe('a refused push', () => {
  it('is logged with what the guest was told', () => {
    expect(pipelock.events('blocked').at(-1)).toMatchObject({
      layer: 'git',
      scanner: 'git_protection',
      hint: expect.stringMatching(sentence),
    });
  });

  it('is refused as such where no rule names its path, too', async () => {
    const socket = await openTls(pipelock, { authority: 'narrow.test:443' });
    const ask: Ask = ['', 'POST', '/o/r/git-receive-pack', push];
    expect(await sendRaw(socket, toHead(ask, 'narrow.test'))).toMatchObject({
      headers: { 'x-bottle-block': 'git' },
    });
    socket.destroy();
  });
});
