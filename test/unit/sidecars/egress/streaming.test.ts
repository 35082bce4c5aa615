import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/test-certificates.ts';
import { bearer, route, startTestEgress } from './start-test-egress.ts';
import { startUpstream } from './start-upstream.ts';

const authority = createTestAuthority();
const certificate = authority.issue(['api.test']);

/** Ends an answer in its middle; over HTTP/2 in the way that looks most like an orderly end. */
function breakOff(response: ServerResponse): void {
  if ('stream' in response) (response.stream as ServerHttp2Stream).close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}

const cases = [
  ['http/1.1', null],
  ['http/1.1', bearer],
  ['h2', null],
  ['h2', bearer],
] as const;

describe.each(cases)('a stream over %s with auth %o', (protocol, auth) => {
  it('passes each event on before the next is there', async () => {
    const started = Promise.withResolvers<ServerResponse>();
    await using upstream = await startUpstream({
      certificate,
      protocol,
      handler: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        started.resolve(response);
      },
    });
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const opening = egress.open(`https://api.test:${upstream.port}/`);
    const host = await started.promise;
    // The head alone comes through: no event has been sent yet.
    if (protocol === 'http/1.1') host.flushHeaders();
    const answer = await opening;
    for (const event of ['data: one\n\n', 'data: two s\n\n', 'data: three sk-live\n\n']) {
      host.write(event);
      expect(String((await once(answer, 'data'))[0])).toBe(event);
    }
    host.end();
    await once(answer, 'end');
  });

  it('lets go of the host when the client goes away', async () => {
    const closed = Promise.withResolvers<void>();
    await using upstream = await startUpstream({
      certificate,
      protocol,
      handler: (_request, response) => {
        response.once('close', () => closed.resolve());
        response.write('beginning');
      },
    });
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const answer = await egress.open(`https://api.test:${upstream.port}/`);
    await once(answer, 'data');
    answer.on('error', () => {});
    answer.destroy();
    await closed.promise;
  });

  it.each(['length', 'chunks'])('an answer that breaks off does not look complete: %s', async (framing) => {
    await using upstream = await startUpstream({
      certificate,
      protocol,
      handler: (_request, response) => {
        response.writeHead(200, framing === 'length' ? { 'content-length': '100' } : {});
        response.write('beginning', () => breakOff(response));
      },
    });
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    await expect(egress.ask(`https://api.test:${upstream.port}/`)).rejects.toThrow();
    expect(egress.log.at(-1)).toMatchObject({ event: 'egress_request', error: 'incomplete' });
  });

  it('stops reading from the host while the client does not read', async () => {
    let written = 0;
    await using upstream = await startUpstream({
      certificate,
      protocol,
      handler: (_request, response) => {
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const fill = (): void => {
          while (written < 256 * 1024 * 1024) {
            written += chunk.length;
            if (!response.write(chunk)) return;
          }
        };
        response.on('drain', fill);
        fill();
      },
    });
    await using egress = await startTestEgress([route('api.test', upstream.port, { auth })], {
      plan: { extraCa: [authority.caPem] },
    });
    const answer = await egress.open(`https://api.test:${upstream.port}/`);
    // The client reads nothing: what the host can write settles far below what it has.
    let before = -1;
    while (before !== written) {
      before = written;
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    answer.on('error', () => {});
    answer.destroy();
  });
});
