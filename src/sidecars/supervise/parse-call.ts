import { BottleError } from '../../errors.ts';
import { isAddressAllowed } from '../../policy/address-range.ts';
import { parseIpAddress } from '../../policy/ip-address.ts';
import { parseExemptionProposal, parseRouteProposal } from '../../queue/parse-proposal.ts';
import type { Proposal } from '../../queue/proposal.ts';
import { wouldChange } from '../../queue/would-change.ts';
import type { BottleRules } from './bottle-rules.ts';

/** The tools that ask. */
export type AskingTool = 'egress-block' | 'pipelock-block' | 'capability-block';

/** What a call asks for. */
export type AskingCall =
  | { readonly kind: 'ask'; readonly proposal: Proposal; readonly reason: string }
  /** The bottle allows it already, so nobody is asked. */
  | { readonly kind: 'allowed' }
  /** One plain sentence on what is wrong with the call. */
  | { readonly kind: 'invalid'; readonly message: string };

/** What a call is checked against. */
export interface CallFacts {
  readonly rules: BottleRules;
  /** Labels that an exemption may be asked for. */
  readonly exemptible: readonly string[];
  /** Of one text, in UTF-16 units. */
  readonly maxTextLength: number;
}

const argumentsOf: Readonly<Record<AskingTool, readonly string[]>> = {
  'egress-block': ['host', 'scheme', 'port', 'methods', 'paths', 'reason'],
  'pipelock-block': ['route', 'rule', 'reason'],
  'capability-block': ['capability', 'reason'],
};

/** Makes a proposal from a tool's arguments. SECURITY: they are a guest's; what they may ask for is decided here, not by a schema. */
export function parseCall(
  tool: AskingTool,
  given: Readonly<Record<string, unknown>>,
  facts: CallFacts,
): AskingCall {
  try {
    const names = argumentsOf[tool];
    if (Object.keys(given).some((name) => !names.includes(name))) {
      return invalid(`${tool} takes ${names.join(', ')} and nothing else.`);
    }
    const reason = readText('reason', given, facts);
    switch (tool) {
      case 'egress-block':
        return parseRouteCall(given, reason, facts.rules);
      case 'pipelock-block':
        return parseExemptionCall(given, reason, facts);
      case 'capability-block': {
        const capability = readText('capability', given, facts);
        return { kind: 'ask', proposal: { kind: 'capability', capability }, reason };
      }
    }
  } catch (error) {
    if (error instanceof BottleError) return invalid(`${error.message}.`);
    throw error;
  }
}

function parseRouteCall(
  {
    host,
    scheme = 'https',
    port,
    methods = ['GET', 'HEAD'],
    paths = null,
  }: Readonly<Record<string, unknown>>,
  reason: string,
  rules: BottleRules,
): AskingCall {
  const proposal = parseRouteProposal({
    kind: 'route',
    host,
    scheme,
    port: port ?? (scheme === 'http' ? 80 : 443),
    methods: toUpperCase(methods),
    paths,
    credentialOf: null,
  });
  if (parseIpAddress(proposal.host) !== null) {
    const decision = isAddressAllowed(proposal.host, rules.allowPrivate);
    if (decision.kind === 'refused') {
      return invalid(
        `That address is not of the public internet (${decision.name}), and a route alone would not reach it; ask with capability-block for egress.allowPrivate in the manifest.`,
      );
    }
  }
  return wouldChange(proposal, rules.routes) ? { kind: 'ask', proposal, reason } : { kind: 'allowed' };
}

function parseExemptionCall(
  { route: id, rule }: Readonly<Record<string, unknown>>,
  reason: string,
  { rules, exemptible }: CallFacts,
): AskingCall {
  const proposal = parseExemptionProposal({ kind: 'exemption', route: id, rule });
  const route = rules.routes.find((candidate) => candidate.id === proposal.route);
  if (route === undefined) return invalid('There is no such route; list-egress-routes has their ids.');
  // SECURITY: what egress adds on the way out never leaves the guest, whoever approves.
  if (!exemptible.includes(proposal.rule)) {
    return invalid(
      exemptible.length === 0
        ? 'This bottle has no secret that may be let through.'
        : `Only these may be let through: ${exemptible.join(', ')}.`,
    );
  }
  return route.exempt.includes(proposal.rule) ? { kind: 'allowed' } : { kind: 'ask', proposal, reason };
}

function readText(
  name: string,
  given: Readonly<Record<string, unknown>>,
  { maxTextLength }: CallFacts,
): string {
  const value = given[name];
  if (typeof value !== 'string' || value.trim() === '') {
    throw new BottleError('request-invalid', `${name} must be a text, for the operator to read`);
  }
  if (value.length > maxTextLength) {
    throw new BottleError('request-invalid', `${name} is longer than ${maxTextLength} characters`);
  }
  return value;
}

/** Agents write methods as they like; a manifest does not. */
function toUpperCase(methods: unknown): unknown {
  if (!Array.isArray(methods)) return methods;
  return methods.map((method: unknown) => (typeof method === 'string' ? method.toUpperCase() : method));
}

function invalid(message: string): AskingCall {
  return { kind: 'invalid', message };
}
