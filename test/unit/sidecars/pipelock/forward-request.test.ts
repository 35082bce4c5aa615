import { describe, expect, it } from 'vitest';
import { createScanTables } from '../../../../src/scan/scan-tables.ts';
import type { ExchangeContext } from '../../../../src/sidecars/pipelock/exchange/exchange-context.ts';
import { forwardRequest } from '../../../../src/sidecars/pipelock/exchange/forward-request.ts';
import type { Answer, GuestRequest } from '../../../../src/sidecars/pipelock/exchange/guest-request.ts';
import { createLiveRules } from '../../../../src/sidecars/pipelock/policy/live-rules.ts';
import { createPassage } from '../../../../src/sidecars/pipelock/policy/passage.ts';
import { createEgressPool } from '../../../../src/sidecars/pipelock/upstream/egress-connection.ts';
import { startFakeEgress } from './support/fake-egress.ts';
import { testLimits } from './support/running-pipelock.ts';

const request: GuestRequest = {
  version: '1.1',
  scheme: 'https',
  host: 'open.test',
  port: 443,
  method: 'GET',
  path: '/',
  query: null,
  writtenHost: 'open.test',
  fields: [],
  framing: { kind: 'none' },
  expectsContinue: false,
  webSocketKey: null,
};

const answer: Answer = {
  started: false,
  onGone: () => () => {},
  closeAfter() {},
  interim() {},
  start() {},
  write: () => undefined,
  end() {},
  abort() {},
  upgrade: null,
};

describe('forwardRequest', () => {
  it.each([
    [true, 'gone', 0],
    [false, 'forwarded', 1],
  ])('with its passage cut while egress is being connected to (%s): %s', async (isCut, kind, asked) => {
    await using egress = await startFakeEgress();
    const pool = createEgressPool({ address: '127.0.0.1', port: egress.port, maxConnections: 4 });
    const passage = createPassage();
    const tables = createScanTables([]);
    const context: ExchangeContext = {
      policy: createLiveRules([], [], tables),
      tables,
      tools: { supervise: false, exemptible: [] },
      limits: testLimits,
      egress: {
        ...pool,
        async acquire() {
          const connection = await pool.acquire();
          if (isCut) passage.cut();
          return connection;
        },
      },
      log: { write() {} },
      nextRequestId: () => 'req-1',
    };
    const upload = { next: async () => ({ kind: 'end', bytes: [], trailers: [] }) as const };
    const outcome = await forwardRequest({ request, upload, answer, passage, tables }, context);
    expect(outcome.kind).toBe(kind);
    expect(egress.seen).toHaveLength(asked);
    pool.close();
  });
});
