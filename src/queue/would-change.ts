import { hostMatches } from '../policy/host-pattern.ts';
import { pathMatches } from '../policy/path-pattern.ts';
import type { RequestRule } from '../policy/request-rule.ts';
import type { RouteProposal } from './proposal.ts';

/**
 * Whether a route would allow anything that `rules` do not allow yet, or send a credential along. Where that is hard to see
 * it says yes: then the operator is asked, and that is always safe.
 */
export function wouldChange(route: RouteProposal, rules: readonly RequestRule[]): boolean {
  if (route.credentialOf !== null) return true;
  const near = rules.filter(
    (rule) => rule.scheme === route.scheme && rule.port === route.port && coversHost(rule.host, route.host),
  );
  // Each method with each path must be allowed by one rule, not necessarily the same.
  return (route.methods ?? [null]).some((method) =>
    (route.paths ?? [null]).some(
      (path) => !near.some((rule) => coversMethod(rule, method) && coversPath(rule, path)),
    ),
  );
}

function coversHost(pattern: string, host: string): boolean {
  if (!host.startsWith('*.')) return hostMatches(pattern, host);
  // All names below a zone are covered by the zone's own wildcard and by one above it, never by a single name.
  return pattern === host || (pattern.startsWith('*.') && hostMatches(pattern, host.slice(2)));
}

/** `method` null: any. */
function coversMethod({ methods }: RequestRule, method: string | null): boolean {
  return methods === null || (method !== null && methods.includes(method));
}

/** `path` null: any. A pattern with stars is covered by itself, and by `/a/**` where it begins with `/a/`. */
function coversPath({ paths }: RequestRule, path: string | null): boolean {
  if (paths === null) return true;
  if (path === null) return paths.includes('/**');
  return paths.some((pattern) => {
    if (pattern === path) return true;
    if (!path.includes('*')) return pathMatches(pattern, path);
    return (
      pattern.endsWith('/**') && path.startsWith(pattern.slice(0, -2)) && !pattern.slice(0, -2).includes('*')
    );
  });
}
