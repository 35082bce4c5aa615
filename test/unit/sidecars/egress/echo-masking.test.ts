import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, secret, startTestEgress } from './start-test-egress.ts';
import { startUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test']);
const bytes = Buffer.from(secret);
const basic = { kind: 'basic', username: 'me', secretId: 'secret-0' } as const;

async function askHost(
  answer: (response: ServerResponse) => void,
  options: {
    readonly auth?: typeof bearer | typeof basic | null;
    readonly protocol?: 'http/1.1' | 'h2';
  } = {},
) {
  const { auth = bearer, protocol = 'http/1.1' } = options;
  await using upstream = await startUpstream({
    certificate,
    protocol,
    handler: (_request, response) => answer(response),
  });
  await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
    plan: { extraCa: [authority.caPem] },
  });
  return await egress.ask(`https://api.test:${upstream.port}/`);
}

const forms: readonly (readonly [string, string])[] = [
  ['raw', secret],
  ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['hex', bytes.toString('hex')],
  ['capital hex', bytes.toString('hex').toUpperCase()],
  ['percent-encoded', encodeURIComponent(secret)],
];

describe.each(['http/1.1', 'h2'] as const)('an echoed credential over %s', (protocol) => {
  it.each(forms)('is masked: %s', async (_name, form) => {
    const body = `before ${form} after`;
    const answer = await askHost(
      (response) => {
        response.setHeader('x-echo', form);
        response.setHeader('content-length', Buffer.byteLength(body));
        response.end(body);
      },
      { protocol },
    );
    expect(answer.body).toBe(`before ${'*'.repeat(form.length)} after`);
    expect(answer.headers['x-echo']).toBe('*'.repeat(form.length));
    // Where the route has no credential nothing is searched: the same answer comes as it is.
    const open = await askHost((response) => response.end(body), { protocol, auth: null });
    expect(open.body).toBe(body);
  });
});

describe('an echoed credential', () => {
  it('is masked where chunks cut it at any place', async () => {
    const answer = await askHost((response) => {
      const writeRest = (rest: string): void => {
        if (rest === '') response.end(' end');
        else response.write(rest.slice(0, 1), () => setImmediate(writeRest, rest.slice(1)));
      };
      writeRest(`x${secret}${secret.slice(0, 5)}`);
    });
    expect(answer.body).toBe(`x${'*'.repeat(secret.length)}${secret.slice(0, 5)} end`);
  });

  it('is masked in trailers and in the Basic form', async () => {
    const form = Buffer.from(`me:${secret}`).toString('base64');
    const answer = await askHost(
      (response) => {
        response.write(`Authorization: Basic ${form}`);
        response.addTrailers({ 'x-echo': secret });
        response.end();
      },
      { auth: basic },
    );
    expect(answer.body).toBe(`Authorization: Basic ${'*'.repeat(form.length)}`);
    expect(answer.trailers).toEqual({ 'x-echo': '*'.repeat(secret.length) });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('is found in an answer that is encoded all the same: %s', async (encoding, encode) => {
    const answer = await askHost((response) => {
      response.setHeader('content-encoding', encoding);
      response.end(encode(Buffer.from(`x ${secret} y`)));
    });
    expect(answer).toMatchObject({ status: 200, body: `x ${'*'.repeat(secret.length)} y` });
    expect(answer.headers['content-encoding']).toBeUndefined();
    const open = await askHost(
      (response) => {
        response.setHeader('content-encoding', encoding);
        response.end('as it is');
      },
      { auth: null },
    );
    expect(open).toMatchObject({ body: 'as it is', headers: { 'content-encoding': encoding } });
  });

  it.each(['compress', 'gzip, br'])('an answer that cannot be searched is refused: %s', async (encoding) => {
    const answer = await askHost((response) => {
      response.setHeader('content-encoding', encoding);
      response.end('bytes');
    });
    expect(answer).toMatchObject({ status: 502, headers: { 'x-bottle-error': 'encoding' } });
  });

  it('the host is asked for no encoding', async () => {
    const answer = await askHost((response) => response.end(String(response.req.headers['accept-encoding'])));
    expect(answer.body).toBe('identity');
  });
});
