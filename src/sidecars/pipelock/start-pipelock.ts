import type { PipelockRule } from '../../plans/pipelock-plan.ts';
import type { SecretFingerprint } from '../../scan/fingerprint.ts';
import { createScanTables } from '../../scan/scan-tables.ts';
import type { Log } from '../daemon/log.ts';
import { createAuthority } from './certificates/authority.ts';
import { createLeafContexts } from './certificates/leaf-contexts.ts';
import type { PipelockConfig } from './config/read-config.ts';
import { startDnsRefuser } from './dns/dns-refuser.ts';
import type { ExchangeContext } from './exchange/exchange-context.ts';
import { createRedactingLog } from './inspection/redacting-log.ts';
import { createLiveRules } from './policy/live-rules.ts';
import { startProxyServer } from './server.ts';
import { createEgressPool } from './upstream/egress-connection.ts';

/** A daemon that serves. */
export interface RunningPipelock {
  readonly caCertificate: string;
  readonly port: number;
  readonly dnsPort: number;
  /**
   * Puts other rules in force; see `LiveRules`.
   * @returns how many connections were cut
   */
  replaceRules(rules: readonly PipelockRule[]): number;
  close(): Promise<void>;
}

const leafTtlMs = 24 * 3_600_000;
const leafCacheSize = 256;

/**
 * Makes the authority and starts both listeners. The authority's key stays in this process's memory: no file, no other
 * process holds it.
 * @throws Error when an address cannot be bound
 */
export async function startPipelock(
  config: PipelockConfig,
  fingerprints: readonly SecretFingerprint[],
  log: Log,
): Promise<RunningPipelock> {
  const authority = createAuthority(new Date());
  const leaves = createLeafContexts({ authority, ttlMs: leafTtlMs, cacheSize: leafCacheSize, now: Date.now });
  const tables = createScanTables(fingerprints);
  const safeLog = createRedactingLog(log, tables);
  const egress = createEgressPool({ ...config.egress, maxConnections: config.limits.maxConnections });
  let requests = 0;
  const policy = createLiveRules(config.rules, fingerprints, tables);
  const { supervise, exemptible } = config;
  const context: ExchangeContext = {
    policy,
    tools: { supervise, exemptible },
    limits: config.limits,
    tables,
    egress,
    log: safeLog,
    nextRequestId: () => `req-${++requests}`,
  };
  const proxy = await startProxyServer(config.listen, context, leaves);
  const dns = await startDnsRefuser({ ...config.dns, log: safeLog });
  return {
    caCertificate: authority.certificatePem,
    port: proxy.port,
    dnsPort: dns.port,
    replaceRules: (rules) => policy.replace(rules),
    async close() {
      await Promise.all([proxy.close(), dns.close()]);
      egress.close();
    },
  };
}
