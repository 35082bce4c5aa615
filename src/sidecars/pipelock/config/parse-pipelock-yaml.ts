import { parseDocument } from 'yaml';
import { parseHostPattern } from '../../../policy/host-pattern.ts';
import { parseList, parseRecord, parseText, parseWholeNumber } from '../../daemon/strict-json.ts';

/** What `pipelock.yaml` decides; all else in it must have the one value that this daemon acts by. */
export interface PipelockYamlFile {
  readonly listen: { readonly address: string; readonly port: number };
  readonly allowlist: readonly string[];
  readonly maxUrlBytes: number;
  readonly maxBodyBytes: number;
  readonly idleTimeoutSeconds: number;
}

const file = 'pipelock.yaml';
const maxFileBytes = 1024 * 1024;

/** A value of the file, checked; throws Error with the place. */
type Check = (value: unknown, at: string) => void;

/**
 * Reads our subset of pipelock's schema.
 * SECURITY: nothing is accepted and ignored. A key that is not in the table is an error, and so is a value that would ask
 * for something this daemon does not do: a limit is off or the file is refused.
 * @throws Error that names the file and the place
 */
export function parsePipelockYaml(text: string): PipelockYamlFile {
  if (text.length > maxFileBytes) throw new Error(`${file}: is larger than ${maxFileBytes} bytes`);
  const document = parseDocument(text, { schema: 'core', strict: true, uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new Error(`${file}: ${problem.message.split('\n')[0]}`);
  let listen = { address: '', port: 0 };
  let allowlist: readonly string[] = [];
  const numbers = { maxUrlBytes: 0, maxBodyBytes: 0, idleTimeoutSeconds: 0 };
  const intoNumber =
    (name: keyof typeof numbers): Check =>
    (value, at) => {
      numbers[name] = parseWholeNumber(value, at, 1, Number.MAX_SAFE_INTEGER);
    };
  const shape = record({
    version: fixed(1),
    mode: fixed('strict'),
    enforce: fixed(true),
    explain_blocks: fixed(false),
    api_allowlist: (value, at) => {
      allowlist = parseList(value, at, parseHost);
      // Strict mode of pipelock itself refuses an empty one.
      if (allowlist.length === 0) throw new Error(`${at}: must not be empty`);
    },
    fetch_proxy: record({
      listen: (value, at) => {
        listen = parseListen(value, at);
      },
      timeout_seconds: atLeast(yearSeconds),
      max_response_mb: atLeast(tebibyte / mebibyte),
      monitoring: record({
        max_url_length: intoNumber('maxUrlBytes'),
        // No text has more than eight bits of entropy a byte.
        entropy_threshold: atLeast(9),
        subdomain_entropy_threshold: atLeast(9),
        max_requests_per_minute: atLeast(1_000_000_000),
        max_data_per_minute: fixed(0),
        blocklist: emptyList,
      }),
    }),
    forward_proxy: record({
      enabled: fixed(true),
      max_tunnel_seconds: atLeast(yearSeconds),
      idle_timeout_seconds: intoNumber('idleTimeoutSeconds'),
      sni_verification: fixed(true),
    }),
    tls_interception: record({
      enabled: fixed(true),
      passthrough_domains: emptyList,
      max_response_bytes: atLeast(tebibyte),
    }),
    request_body_scanning: record({
      enabled: fixed(true),
      action: fixed('block'),
      max_body_bytes: intoNumber('maxBodyBytes'),
      scan_headers: fixed(true),
      header_mode: fixed('all'),
    }),
    response_scanning: record({ enabled: fixed(false), sse_streaming: switchedOff }),
    dlp: record({ scan_env: fixed(false), include_defaults: fixed(false), patterns: emptyList }),
    seed_phrase_detection: switchedOff,
    websocket_proxy: switchedOff,
    // Both lists are egress's to enforce: it is the one that dials.
    internal: textList,
    trusted_domains: emptyList,
    ssrf: record({ ip_allowlist: textList }),
    suppress: emptyList,
    media_policy: switchedOff,
    taint: switchedOff,
    logging: record({
      format: fixed('json'),
      output: fixed('stdout'),
      include_allowed: fixed(true),
      include_blocked: fixed(true),
    }),
    sentry: switchedOff,
  });
  shape(document.toJS({ maxAliasCount: 0 }), file);
  return { listen, allowlist, ...numbers };
}

const yearSeconds = 31_536_000;
const mebibyte = 1024 ** 2;
const tebibyte = 1024 ** 4;

function record(checks: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    const fields = parseRecord(value, at, Object.keys(checks));
    for (const [key, check] of Object.entries(checks))
      check(fields[key], at === file ? `${file}: ${key}` : `${at}.${key}`);
  };
}

function fixed(expected: string | number | boolean): Check {
  return (value, at) => {
    if (value !== expected) throw new Error(`${at}: only ${JSON.stringify(expected)} is supported`);
  };
}

function atLeast(least: number): Check {
  return (value, at) => {
    if (typeof value !== 'number' || !(value >= least))
      throw new Error(`${at}: only ${least} or more is supported`);
  };
}

function emptyList(value: unknown, at: string): void {
  if (!Array.isArray(value) || value.length > 0) throw new Error(`${at}: only an empty list is supported`);
}

function textList(value: unknown, at: string): void {
  parseList(value, at, parseText);
}

const switchedOff = record({ enabled: fixed(false) });

function parseHost(value: unknown, at: string): string {
  const host = parseText(value, at);
  if (parseHostPattern(host) !== host) throw new Error(`${at}: must be a host name or *.zone`);
  return host;
}

function parseListen(value: unknown, at: string): { readonly address: string; readonly port: number } {
  const match = /^([0-9.]+):([0-9]{1,5})$/.exec(parseText(value, at));
  const [, address = '', port = ''] = match ?? [];
  if (match === null) throw new Error(`${at}: must be an IPv4 address and a port`);
  return { address, port: parseWholeNumber(Number(port), at, 0, 65_535) };
}
