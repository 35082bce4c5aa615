import { findRule } from '../../policy/find-rule.ts';
import { parseHostName } from '../../policy/host-pattern.ts';
import { isPathPattern } from '../../policy/path-pattern.ts';
import type { RequestTarget } from '../../policy/request-rule.ts';
import type { RefusalLine } from '../protocol.ts';
import type { BottleRules } from './bottle-rules.ts';
import type { RememberedRefusal } from './refusal-memory.ts';
import type { ToolName } from './tools.ts';

/** A refusal as `why` tells it. */
export interface Explanation {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly count: number;
  readonly what: string;
  readonly why: string;
  /** The call that would ask for it, or null where none would help. */
  readonly ask: { readonly tool: ToolName; readonly arguments: Readonly<Record<string, unknown>> } | null;
}

/** What an agent is to replace with words of its own. */
const reason = '<why you need this>';

/**
 * Says what was refused, why, and how to ask for it.
 * @param exemptible labels that an exemption may be asked for
 */
export function explainRefusal(
  { refusal, count }: RememberedRefusal,
  rules: BottleRules,
  exemptible: readonly string[],
): Explanation {
  const { time, daemon, method, url, hint } = refusal;
  const what =
    url === undefined ? refusal.reason : [method, url].filter((word) => word !== undefined).join(' ');
  return { time, count, what: `${daemon}: ${what}`, why: hint, ask: findCall(refusal, rules, exemptible) };
}

function findCall(
  refusal: RefusalLine,
  rules: BottleRules,
  exemptible: readonly string[],
): Explanation['ask'] {
  if (refusal.layer === 'dlp') {
    const { route, secret: rule } = refusal;
    if (route === undefined || rule === undefined || !exemptible.includes(rule)) return null;
    return { tool: 'pipelock-block', arguments: { route, rule, reason } };
  }
  if (refusal.layer === 'ssrf') {
    return { tool: 'capability-block', arguments: { capability: 'A route to a private address', reason } };
  }
  return refusal.layer === 'allowlist' ? findRouteCall(refusal, rules) : null;
}

/** Asks for what was refused and no more; what the rules allow already is not asked for again. */
function findRouteCall(refusal: RefusalLine, rules: BottleRules): Explanation['ask'] {
  const target = toTarget(refusal);
  if (target === null) return null;
  const { scheme, host, port, method, path } = target;
  const decision = findRule(rules.routes, target);
  if (decision.kind === 'allowed') return null;
  const usual = scheme === 'https' ? 443 : 80;
  return {
    tool: 'egress-block',
    arguments: {
      host,
      ...(scheme === 'https' ? {} : { scheme }),
      ...(port === usual ? {} : { port }),
      // A tunnel's method says nothing of what would have gone through it.
      ...(method === 'CONNECT' ? {} : { methods: [method] }),
      ...(decision.failed === 'path' && isPathPattern(path) && !path.includes('*') ? { paths: [path] } : {}),
      reason,
    },
  };
}

function toTarget({ method = 'GET', url }: RefusalLine): RequestTarget | null {
  const parsed = url === undefined ? null : URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return null;
  const scheme = parsed.protocol === 'https:' ? 'https' : 'http';
  const host = parseHostName(parsed.hostname.replace(/^\[(.*)\]$/, '$1'));
  if (host === null) return null;
  const port = parsed.port === '' ? (scheme === 'https' ? 443 : 80) : Number(parsed.port);
  return { scheme, host, port, method, path: parsed.pathname };
}
