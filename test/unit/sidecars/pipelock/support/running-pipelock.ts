import type { PipelockLimits } from '../../../../../src/plans/pipelock-plan.ts';
import type { RequestRule } from '../../../../../src/policy/request-rule.ts';
import { createFingerprints } from '../../../../../src/scan/fingerprint.ts';
import type { LogEntry } from '../../../../../src/sidecars/daemon/log.ts';
import { startPipelock } from '../../../../../src/sidecars/pipelock/start-pipelock.ts';

/** The known secret of every test, 20 bytes, with characters that each encoding treats differently. */
export const secret = 'k9/Zt+q7&Rw=2mXv#81p';
export const secretLabel = 'DATABASE_TOKEN';

export const testLimits: PipelockLimits = {
  maxHeaderBytes: 16 * 1024,
  maxHeaderCount: 50,
  maxUrlBytes: 2048,
  maxBodyBytes: 1024 * 1024,
  maxConnections: 64,
  headTimeoutMs: 400,
  tlsHandshakeTimeoutMs: 400,
  idleTimeoutMs: 5_000,
};

const anything = { methods: null, paths: null } as const;

/** What the tests' bottle may ask: one host wholly, one narrowly, one zone, one in the clear, one on another port. */
export const testRules: readonly RequestRule[] = [
  { id: 'egress.routes[0]', host: 'open.test', scheme: 'https', port: 443, ...anything },
  {
    id: 'egress.routes[1]',
    host: 'narrow.test',
    scheme: 'https',
    port: 443,
    methods: ['GET'],
    paths: ['/v1/**'],
  },
  { id: 'egress.routes[2]', host: '*.zone.test', scheme: 'https', port: 443, ...anything },
  { id: 'egress.routes[3]', host: 'plain.test', scheme: 'http', port: 80, ...anything },
  { id: 'egress.routes[4]', host: 'ported.test', scheme: 'https', port: 8443, ...anything },
  { id: 'egress.routes[5]', host: '192.0.2.7', scheme: 'https', port: 443, ...anything },
];

export interface TestPipelock extends AsyncDisposable {
  readonly port: number;
  readonly dnsPort: number;
  readonly ca: string;
  readonly log: LogEntry[];
  /** Entries of one event. */
  events(event: string): LogEntry[];
}

/** The daemon, in this process, on real sockets of loopback. */
export async function startTestPipelock(
  egressPort: number,
  limits: Partial<PipelockLimits> = {},
  rules: readonly RequestRule[] = testRules,
): Promise<TestPipelock> {
  const log: LogEntry[] = [];
  const { fingerprints } = createFingerprints(
    [{ label: secretLabel, value: secret }],
    '00112233445566778899aabbccddeeff',
  );
  const running = await startPipelock(
    {
      listen: { address: '127.0.0.1', port: 0 },
      dns: { address: '127.0.0.1', port: 0 },
      egress: { address: '127.0.0.1', port: egressPort },
      rules,
      limits: { ...testLimits, ...limits },
    },
    fingerprints,
    { write: (entry) => log.push(entry) },
  );
  return {
    port: running.port,
    dnsPort: running.dnsPort,
    ca: running.caCertificate,
    log,
    events: (event) => log.filter((entry) => entry.event === event),
    [Symbol.asyncDispose]: running.close,
  };
}
