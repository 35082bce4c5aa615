import type { RequestRule } from '../../policy/request-rule.ts';

/**
 * Ids of the rules that something may have gone by and nothing may go by any more: they are gone, or no longer allow all they
 * did.
 * @param holds whether whatever went by `before` may go on under `after`, a rule of the same id
 */
export function findRevoked<Rule extends RequestRule>(
  before: readonly Rule[],
  after: readonly Rule[],
  holds: (before: Rule, after: Rule) => boolean,
): ReadonlySet<string> {
  const left = new Map(after.map((rule) => [rule.id, rule]));
  const revoked = before.filter((rule) => {
    const successor = left.get(rule.id);
    return successor === undefined || !holds(rule, successor);
  });
  return new Set(revoked.map(({ id }) => id));
}

/** @throws Error when two rules have one id: what went by which could not be told */
export function requireDistinctIds(rules: readonly RequestRule[], at: string): void {
  const ids = new Set<string>();
  for (const { id } of rules) {
    if (ids.has(id)) throw new Error(`${at}: has ${id} twice`);
    ids.add(id);
  }
}
