import type { PipelockLimits, PipelockRule } from '../../../plans/pipelock-plan.ts';
import type { PipelockRulesFile } from '../../../plans/to-pipelock-rules.ts';
import { parseHostPattern } from '../../../policy/host-pattern.ts';
import { isPathPattern } from '../../../policy/path-pattern.ts';
import { requireDistinctIds } from '../../daemon/revoked-rules.ts';
import {
  parseBoolean,
  parseChoice,
  parseList,
  parseRecord,
  parseText,
  parseVersionedFile,
  parseWholeNumber,
} from '../../daemon/strict-json.ts';

const file = 'pipelock-rules.json';
const fileKeys = ['revision', 'dns', 'egress', 'rules', 'exemptible', 'supervise', 'limits'];
const gibibyte = 1024 ** 3;
const dayMs = 86_400_000;

/**
 * Reads what pipelock's own schema has no words for.
 * @throws Error that names the file and the place; one wrong value refuses the file
 */
export function parseRulesFile(text: string): PipelockRulesFile {
  const record = parseVersionedFile(text, file, fileKeys);
  const rules = parseList(record.rules, `${file}: rules`, parseRule);
  requireDistinctIds(rules, `${file}: rules`);
  const exemptible = parseList(record.exemptible, `${file}: exemptible`, parseText);
  const stray = rules.find(({ exempt }) => exempt.some((label) => !exemptible.includes(label)));
  // SECURITY: what is not listed is a credential that egress or the gate adds: it has no reason to come from the guest.
  if (stray !== undefined) throw new Error(`${file}: rules: ${stray.id} exempts what is not exemptible`);
  return {
    version: 1,
    revision: parseWholeNumber(record.revision, `${file}: revision`, 0, Number.MAX_SAFE_INTEGER),
    dns: parseEndpoint(record.dns, `${file}: dns`),
    egress: parseEndpoint(record.egress, `${file}: egress`),
    rules,
    exemptible,
    supervise: parseBoolean(record.supervise, `${file}: supervise`),
    limits: parseLimits(record.limits, `${file}: limits`),
  };
}

function parseEndpoint(value: unknown, at: string): { readonly address: string; readonly port: number } {
  const record = parseRecord(value, at, ['address', 'port']);
  return {
    address: parseText(record.address, `${at}.address`),
    port: parseWholeNumber(record.port, `${at}.port`, 0, 65_535),
  };
}

function parseRule(value: unknown, at: string): PipelockRule {
  const record = parseRecord(value, at, ['id', 'host', 'scheme', 'port', 'methods', 'paths', 'exempt']);
  const host = parseText(record.host, `${at}.host`);
  if (parseHostPattern(host) !== host) throw new Error(`${at}.host: must be a host name or *.zone`);
  return {
    id: parseText(record.id, `${at}.id`),
    host,
    scheme: parseChoice(record.scheme, `${at}.scheme`, ['https', 'http']),
    port: parseWholeNumber(record.port, `${at}.port`, 1, 65_535),
    methods: record.methods === null ? null : parseList(record.methods, `${at}.methods`, parseText),
    paths: record.paths === null ? null : parseList(record.paths, `${at}.paths`, parsePath),
    exempt: parseList(record.exempt, `${at}.exempt`, parseText),
  };
}

function parsePath(value: unknown, at: string): string {
  const path = parseText(value, at);
  if (!isPathPattern(path)) throw new Error(`${at}: must be a path pattern`);
  return path;
}

function parseLimits(value: unknown, at: string): PipelockLimits {
  const bounds = {
    maxHeaderBytes: gibibyte,
    maxHeaderCount: 10_000,
    maxUrlBytes: gibibyte,
    maxBodyBytes: 64 * gibibyte,
    maxConnections: 100_000,
    headTimeoutMs: dayMs,
    tlsHandshakeTimeoutMs: dayMs,
    idleTimeoutMs: dayMs,
  } as const satisfies Record<keyof PipelockLimits, number>;
  const record = parseRecord(value, at, Object.keys(bounds));
  const read = (key: keyof PipelockLimits): number =>
    parseWholeNumber(record[key], `${at}.${key}`, 1, bounds[key]);
  return {
    maxHeaderBytes: read('maxHeaderBytes'),
    maxHeaderCount: read('maxHeaderCount'),
    maxUrlBytes: read('maxUrlBytes'),
    maxBodyBytes: read('maxBodyBytes'),
    maxConnections: read('maxConnections'),
    headTimeoutMs: read('headTimeoutMs'),
    tlsHandshakeTimeoutMs: read('tlsHandshakeTimeoutMs'),
    idleTimeoutMs: read('idleTimeoutMs'),
  };
}
