import { stringify } from 'yaml';
import { privateRanges } from '../policy/private-ranges.ts';
import type { BottlePlan } from './bottle-plan.ts';

/** What the allowlist names where a bottle has no route: strict mode wants an entry, and this zone never exists (RFC 6761). */
const noHost = 'no-route.invalid';

/** Values that switch a limit off where the schema has no word for "off". */
const noLimit = {
  entropy: 9,
  requestsPerMinute: 1_000_000_000,
  seconds: 31_536_000,
  megabytes: 1_048_576,
} as const;

/**
 * Says a bottle's policy in pipelock's own schema, as far as that can: hosts without ports, methods or paths, which are
 * in `pipelock-rules.json`. Every switch says what our daemon does; what it has no code for is off.
 */
function toPipelockYaml({ pipelock, egress }: Pick<BottlePlan, 'pipelock' | 'egress'>) {
  const { limits } = pipelock;
  const hosts = [...new Set(pipelock.rules.map((rule) => rule.host))];
  const idleSeconds = Math.ceil(limits.idleTimeoutMs / 1000);
  return {
    version: 1,
    mode: pipelock.mode,
    enforce: true,
    explain_blocks: false,
    api_allowlist: hosts.length === 0 ? [noHost] : hosts,
    fetch_proxy: {
      listen: `${pipelock.listen.address}:${pipelock.listen.port}`,
      timeout_seconds: noLimit.seconds,
      max_response_mb: noLimit.megabytes,
      monitoring: {
        max_url_length: limits.maxUrlBytes,
        entropy_threshold: noLimit.entropy,
        subdomain_entropy_threshold: noLimit.entropy,
        max_requests_per_minute: noLimit.requestsPerMinute,
        max_data_per_minute: 0,
        blocklist: [],
      },
    },
    forward_proxy: {
      enabled: true,
      max_tunnel_seconds: noLimit.seconds,
      idle_timeout_seconds: idleSeconds,
      sni_verification: true,
    },
    tls_interception: {
      enabled: true,
      passthrough_domains: [],
      max_response_bytes: noLimit.megabytes * 1024 * 1024,
    },
    request_body_scanning: {
      enabled: true,
      action: 'block',
      max_body_bytes: limits.maxBodyBytes,
      scan_headers: true,
      header_mode: 'all',
    },
    response_scanning: { enabled: false, sse_streaming: { enabled: false } },
    dlp: { scan_env: false, include_defaults: false, patterns: [] },
    seed_phrase_detection: { enabled: false },
    websocket_proxy: { enabled: false },
    internal: privateRanges.map(({ range }) => range),
    trusted_domains: [],
    ssrf: { ip_allowlist: [...egress.allowPrivate] },
    suppress: [],
    media_policy: { enabled: false },
    taint: { enabled: false },
    logging: { format: 'json', output: 'stdout', include_allowed: true, include_blocked: true },
    sentry: { enabled: false },
  } as const;
}

/** The text of `pipelock.yaml`. */
export function toPipelockYamlText(plan: Pick<BottlePlan, 'pipelock' | 'egress'>): string {
  return stringify(toPipelockYaml(plan), { lineWidth: 0 });
}
