import { hostMatches } from './host-pattern.ts';
import { pathMatches } from './path-pattern.ts';
import type { RequestRule, RequestTarget, RuleDecision } from './request-rule.ts';

/** The tests of a rule, in the order they are made. */
const tests = ['host', 'port', 'method', 'path'] as const;

/**
 * Decides a request: the first rule, in the manifest's order, that passes all four tests. The scheme is a part of
 * the port's test. When none does, the refusal names the test at which the rule that came furthest failed.
 * @param target a request after strict parsing, with a path that `findPathAmbiguity` passed
 */
export function findRule<R extends RequestRule>(rules: readonly R[], target: RequestTarget): RuleDecision<R> {
  let furthest: { readonly rule: R; readonly passed: number } | null = null;
  for (const rule of rules) {
    const failedAt = tests.findIndex((test) => !passes(rule, target, test));
    // SECURITY: the only way to "allowed" is a rule that failed no test.
    if (failedAt === -1) return { kind: 'allowed', rule };
    if (failedAt > (furthest?.passed ?? 0)) furthest = { rule, passed: failedAt };
  }
  return { kind: 'refused', failed: tests[furthest?.passed ?? 0] ?? 'host', nearest: furthest?.rule ?? null };
}

function passes(rule: RequestRule, target: RequestTarget, test: (typeof tests)[number]): boolean {
  switch (test) {
    case 'host':
      return hostMatches(rule.host, target.host);
    case 'port':
      return rule.scheme === target.scheme && rule.port === target.port;
    case 'method':
      return rule.methods === null || rule.methods.includes(target.method);
    case 'path':
      return rule.paths === null || rule.paths.some((pattern) => pathMatches(pattern, target.path));
  }
}
