import type { EgressRoute } from '../../../../../src/plans/egress-plan.ts';
import type { PipelockLimits, PipelockRule } from '../../../../../src/plans/pipelock-plan.ts';
import { createFingerprints } from '../../../../../src/scan/fingerprint.ts';
import type { LogEntry } from '../../../../../src/sidecars/daemon/log.ts';
import type { PipelockConfig } from '../../../../../src/sidecars/pipelock/config/read-config.ts';
import { startPipelock } from '../../../../../src/sidecars/pipelock/start-pipelock.ts';

/** The known secret of every test, 20 bytes, with characters that each encoding treats differently. */
export const secret = 'k9/Zt+q7&Rw=2mXv#81p';
export const secretLabel = 'DATABASE_TOKEN';
/** One more, which no test exempts. */
export const otherSecret = 'Qe5-other-known-secret-77';
export const otherLabel = 'OTHER_TOKEN';

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

const anything = { methods: null, paths: null, exempt: [] } as const;

/** What the tests' bottle may ask: one host wholly, one narrowly, one zone, one in the clear, one on another port. */
export const testRules: readonly PipelockRule[] = [
  { id: 'egress.routes[0]', host: 'open.test', scheme: 'https', port: 443, ...anything },
  {
    id: 'egress.routes[1]',
    host: 'narrow.test',
    scheme: 'https',
    port: 443,
    methods: ['GET'],
    paths: ['/v1/**'],
    exempt: [],
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
  /** Puts other rules in force; returns how many connections were cut. */
  replaceRules(rules: readonly PipelockRule[]): number;
}

/** Pipelock's half of a route. */
export function toRule({ auth: _auth, ...rule }: EgressRoute): PipelockRule {
  return { ...rule, exempt: [] };
}

/** The daemon, in this process, on real sockets of loopback. */
export async function startTestPipelock(
  egressPort: number,
  limits: Partial<PipelockLimits> = {},
  rules: readonly PipelockRule[] = testRules,
  more: Partial<Pick<PipelockConfig, 'supervise' | 'exemptible'>> = {},
): Promise<TestPipelock> {
  const log: LogEntry[] = [];
  const { fingerprints } = createFingerprints(
    [
      { label: secretLabel, value: secret },
      { label: otherLabel, value: otherSecret },
    ],
    '00112233445566778899aabbccddeeff',
  );
  const running = await startPipelock(
    {
      listen: { address: '127.0.0.1', port: 0 },
      dns: { address: '127.0.0.1', port: 0 },
      egress: { address: '127.0.0.1', port: egressPort },
      revision: 0,
      rules,
      exemptible: [],
      supervise: false,
      limits: { ...testLimits, ...limits },
      ...more,
    },
    fingerprints,
    { write: (entry) => log.push(entry) },
  );
  return {
    port: running.port,
    dnsPort: running.dnsPort,
    ca: running.caCertificate,
    replaceRules: running.replaceRules,
    log,
    events: (event) => log.filter((entry) => entry.event === event),
    [Symbol.asyncDispose]: running.close,
  };
}
