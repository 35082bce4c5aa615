import type { EgressAuth, EgressPlan, EgressRoute } from '../../plans/egress-plan.ts';
import { isCidr } from '../../policy/address-range.ts';
import { parseHostPattern } from '../../policy/host-pattern.ts';
import { isPathPattern } from '../../policy/path-pattern.ts';
import { requireDistinctIds } from '../daemon/revoked-rules.ts';
import { parseSecretId, parseSecretIds, parseSecretLabels } from '../daemon/secret-ids.ts';
import {
  parseChoice,
  parseDictionary,
  parseList,
  parseRecord,
  parseText,
  parseVersionedFile,
  parseWholeNumber,
} from '../daemon/strict-json.ts';

const file = 'egress.json';
const planKeys = [
  'revision',
  'listen',
  'routes',
  'allowPrivate',
  'extraCa',
  'secretIds',
  'secretLabels',
  'limits',
];
const routeKeys = ['id', 'host', 'scheme', 'port', 'methods', 'paths', 'auth'];
const limitKeys = ['connectTimeoutMs', 'responseTimeoutMs', 'idleTimeoutMs', 'maxConnections'];
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const dayMs = 86_400_000;

/**
 * Makes an {@link EgressPlan} from the text of `egress.json`.
 * @throws Error that names the place of the first thing that is not as it should be.
 */
export function parseEgressConfiguration(text: string): EgressPlan {
  const record = parseVersionedFile(text, file, planKeys);
  const secretIds = parseSecretIds(record.secretIds, `${file}: secretIds`);
  const routes = parseList(record.routes, `${file}: routes`, parseRoute);
  requireDistinctIds(routes, `${file}: routes`);
  const stray = routes.find((route) => route.auth !== null && !secretIds.includes(route.auth.secretId));
  if (stray !== undefined) throw new Error(`${file}: ${stray.id} needs a secret that is not in secretIds`);
  return {
    revision: parseWholeNumber(record.revision, `${file}: revision`, 0, Number.MAX_SAFE_INTEGER),
    listen: parseListen(record.listen, `${file}: listen`),
    routes,
    allowPrivate: parseList(record.allowPrivate, `${file}: allowPrivate`, parseCidrText),
    extraCa: parseList(record.extraCa, `${file}: extraCa`, parseText),
    secretIds,
    secretLabels: parseSecretLabels(record.secretLabels, `${file}: secretLabels`, secretIds),
    limits: parseLimits(record.limits, `${file}: limits`),
  };
}

function parseListen(value: unknown, at: string): EgressPlan['listen'] {
  const record = parseRecord(value, at, ['address', 'port']);
  return {
    // SECURITY: egress adds credentials for whoever reaches it; the guest must not, so it is on loopback only.
    address: parseChoice(record.address, `${at}.address`, ['127.0.0.1']),
    port: parseWholeNumber(record.port, `${at}.port`, 0, 65_535),
  };
}

function parseLimits(value: unknown, at: string): EgressPlan['limits'] {
  const record = parseRecord(value, at, limitKeys);
  return {
    connectTimeoutMs: parseWholeNumber(record.connectTimeoutMs, `${at}.connectTimeoutMs`, 1, dayMs),
    responseTimeoutMs: parseWholeNumber(record.responseTimeoutMs, `${at}.responseTimeoutMs`, 1, dayMs),
    idleTimeoutMs: parseWholeNumber(record.idleTimeoutMs, `${at}.idleTimeoutMs`, 1, dayMs),
    maxConnections: parseWholeNumber(record.maxConnections, `${at}.maxConnections`, 1, 100_000),
  };
}

function parseRoute(value: unknown, at: string): EgressRoute {
  const record = parseRecord(value, at, routeKeys);
  const host = parseText(record.host, `${at}.host`);
  if (parseHostPattern(host) !== host)
    throw new Error(`${at}.host: is not a host or "*.zone" in its plain spelling`);
  const scheme = parseChoice(record.scheme, `${at}.scheme`, ['https', 'http']);
  const auth = record.auth === null ? null : parseAuth(record.auth, `${at}.auth`);
  // SECURITY: a credential goes to one named host over verified TLS, or nowhere.
  if (auth !== null && (scheme !== 'https' || host.startsWith('*.'))) {
    throw new Error(`${at}.auth: needs the scheme https and one exact host`);
  }
  return {
    id: parseText(record.id, `${at}.id`),
    host,
    scheme,
    port: parseWholeNumber(record.port, `${at}.port`, 1, 65_535),
    methods: record.methods === null ? null : parseList(record.methods, `${at}.methods`, parseMethod),
    paths: record.paths === null ? null : parseList(record.paths, `${at}.paths`, parsePathPattern),
    auth,
  };
}

function parseAuth(value: unknown, at: string): EgressAuth {
  const kind = parseChoice(parseDictionary(value, at).kind, `${at}.kind`, [
    'header',
    'bearer',
    'basic',
    'query',
  ]);
  const extra = { header: ['name'], bearer: [], basic: ['username'], query: ['name'] }[kind];
  const record = parseRecord(value, at, ['kind', 'secretId', ...extra]);
  const secretId = parseSecretId(record.secretId, `${at}.secretId`);
  switch (kind) {
    case 'bearer':
      return { kind, secretId };
    case 'basic':
      return { kind, username: parseUsername(record.username, `${at}.username`), secretId };
    case 'query':
      return { kind, name: parseText(record.name, `${at}.name`), secretId };
    case 'header':
      return { kind, name: parseToken(record.name, `${at}.name`), secretId };
  }
}

function parseUsername(value: unknown, at: string): string {
  if (typeof value !== 'string' || value.includes(':'))
    throw new Error(`${at}: must be a string without a colon`);
  return value;
}

function parseToken(value: unknown, at: string): string {
  const text = parseText(value, at);
  if (!token.test(text)) throw new Error(`${at}: has a character no header name or method has`);
  return text;
}

function parseMethod(value: unknown, at: string): string {
  const method = parseToken(value, at);
  if (method !== method.toUpperCase()) throw new Error(`${at}: must be in upper case`);
  return method;
}

function parsePathPattern(value: unknown, at: string): string {
  const pattern = parseText(value, at);
  if (!isPathPattern(pattern)) throw new Error(`${at}: is not a path pattern`);
  return pattern;
}

function parseCidrText(value: unknown, at: string): string {
  const cidr = parseText(value, at);
  if (!isCidr(cidr)) throw new Error(`${at}: is not an address range`);
  return cidr;
}
