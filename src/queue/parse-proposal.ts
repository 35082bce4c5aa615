import { parseHostPattern } from '../policy/host-pattern.ts';
import { isPathPattern } from '../policy/path-pattern.ts';
import { parsePush } from './parse-push.ts';
import type { CapabilityProposal, ExemptionProposal, Proposal, RouteProposal } from './proposal.ts';
import {
  invalid,
  isRecord,
  readChoice,
  readList,
  readMatch,
  readNullable,
  readObject,
  readText,
  readWholeNumber,
} from './queue-fields.ts';
import { queueLimits } from './queue-limits.ts';

const routeId = /^(?:egress\.routes\[\d{1,4}\]|grant:req-[0-9a-f]{8})$/;
const method = /^[A-Z][A-Z-]{0,31}$/;
const kinds = ['route', 'exemption', 'capability', 'push'] as const;

/**
 * Makes a proposal from any value: what a guest asks for, a field of a queue file, or an operator's edit. Hosts get their one
 * spelling; everything else must be as it is to be kept.
 * @throws BottleError `request-invalid` with a sentence that names the first thing that is wrong and quotes nothing
 */
export function parseProposal(value: unknown): Proposal {
  const kind = readChoice(isRecord(value) ? value.kind : null, 'kind', kinds);
  switch (kind) {
    case 'route':
      return parseRouteProposal(value);
    case 'exemption':
      return parseExemptionProposal(value);
    case 'capability':
      return parseCapability(value);
    case 'push':
      return parsePush(value);
  }
}

/** As {@link parseProposal}, for a route. */
export function parseRouteProposal(value: unknown): RouteProposal {
  const keys = ['kind', 'host', 'scheme', 'port', 'methods', 'paths', 'credentialOf'];
  const route = readObject(value, 'the route', keys);
  readChoice(route.kind, 'kind', ['route']);
  const host = parseHost(route.host);
  const scheme = readChoice(route.scheme, 'scheme', ['https', 'http']);
  const credentialOf = readNullable(route.credentialOf, 'credentialOf', parseRouteId);
  // SECURITY: as in a manifest: a credential leaves over verified TLS only, to one host only.
  if (credentialOf !== null && (scheme !== 'https' || host.startsWith('*'))) {
    throw invalid('credentialOf: a credential goes over https to one named host only');
  }
  return {
    kind: 'route',
    host,
    scheme,
    port: readWholeNumber(route.port, 'port', 1, 65_535),
    methods: readNullable(route.methods, 'methods', parseMethods),
    paths: readNullable(route.paths, 'paths', parsePaths),
    credentialOf,
  };
}

function parseHost(value: unknown): string {
  const host = typeof value === 'string' ? parseHostPattern(value) : null;
  if (host === null) {
    throw invalid(
      'host must be a name such as api.example.com, *.example.com for all names below a zone, or an address; no port, no path',
    );
  }
  return host;
}

function parseMethods(value: unknown, at: string): readonly string[] {
  const methods = readList(value, at, queueLimits.maxMethods, (entry, entryAt) =>
    readMatch(entry, entryAt, method, 'a method in capital letters, such as GET'),
  );
  if (methods.length === 0) throw invalid(`${at} is an empty list; null stands for any method`);
  const refused = methods.find((name) => name === 'CONNECT' || name === 'TRACE');
  if (refused !== undefined) throw invalid(`${at}: ${refused} is a method no bottle lets through`);
  return methods;
}

function parsePaths(value: unknown, at: string): readonly string[] {
  const paths = readList(value, at, queueLimits.maxPaths, (entry, entryAt) => {
    if (typeof entry === 'string' && isPathPattern(entry)) return entry;
    throw invalid(
      `${entryAt} must be a path pattern: it starts with "/", has no query and no "..", and its wildcards are "*" and "**"`,
    );
  });
  if (paths.length === 0) throw invalid(`${at} is an empty list; null stands for any path`);
  return paths;
}

/** As {@link parseProposal}, for an exemption. */
export function parseExemptionProposal(value: unknown): ExemptionProposal {
  const exemption = readObject(value, 'the exemption', ['kind', 'route', 'rule']);
  readChoice(exemption.kind, 'kind', ['exemption']);
  return {
    kind: 'exemption',
    route: parseRouteId(exemption.route, 'route'),
    rule: readText(exemption.rule, 'rule', 1, queueLimits.maxRuleLength),
  };
}

function parseRouteId(value: unknown, at: string): string {
  return readMatch(value, at, routeId, 'the id of a route, such as egress.routes[0]');
}

function parseCapability(value: unknown): CapabilityProposal {
  const { capability } = readObject(value, 'the capability', ['kind', 'capability']);
  return {
    kind: 'capability',
    capability: readText(capability, 'capability', 1, queueLimits.maxCapabilityLength),
  };
}
