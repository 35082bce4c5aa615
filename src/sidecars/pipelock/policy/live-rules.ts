import type { PipelockRule } from '../../../plans/pipelock-plan.ts';
import type { SecretFingerprint } from '../../../scan/fingerprint.ts';
import { createScanTables, type ScanTables } from '../../../scan/scan-tables.ts';
import { findRevoked } from '../../daemon/revoked-rules.ts';
import { decideTunnel } from '../exchange/decide.ts';
import { createPassage, type OpenPassage, type Passage } from './passage.ts';

/** The rules in force, which may change while connections are open, and who has gone by which. */
export interface LiveRules {
  /** In force now: a request is decided by them in one step, without waiting in between. */
  readonly current: readonly PipelockRule[];
  /** What is looked for in a request that goes by this rule. */
  tablesOf(rule: PipelockRule): ScanTables;
  /** A connection of the guest was made; `close` when it is over. */
  open(): { readonly passage: Passage; close(): void };
  /**
   * Puts other rules in force, and cuts every connection that went by one that is revoked, before it returns. All others stay.
   * @returns how many were cut
   */
  replace(rules: readonly PipelockRule[]): number;
}

/**
 * @param tables of all `fingerprints`
 */
export function createLiveRules(
  first: readonly PipelockRule[],
  fingerprints: readonly SecretFingerprint[],
  tables: ScanTables,
): LiveRules {
  const passages = new Set<OpenPassage>();
  let current = first;
  let exempting = toTables(first);

  /** Of the rules that exempt something; all others look for everything. */
  function toTables(rules: readonly PipelockRule[]): ReadonlyMap<PipelockRule, ScanTables> {
    return new Map(
      rules
        .filter(({ exempt }) => exempt.length > 0)
        // SECURITY: all but the exempted labels are still looked for, so a secret within an exempted one is found.
        .map((rule) => [
          rule,
          createScanTables(fingerprints.filter(({ label }) => !rule.exempt.includes(label))),
        ]),
    );
  }

  return {
    get current() {
      return current;
    },
    tablesOf: (rule) => exempting.get(rule) ?? tables,
    open() {
      const passage = createPassage();
      passages.add(passage);
      return { passage, close: () => void passages.delete(passage) };
    },
    replace(rules) {
      const revoked = findRevoked(current, rules, holds);
      exempting = toTables(rules);
      current = rules;
      const doomed = [...passages].filter(
        (passage) => passage.usedAnyOf(revoked) || !allowsTunnel(passage, rules),
      );
      for (const passage of doomed) {
        passages.delete(passage);
        passage.cut();
      }
      return doomed.length;
    },
  };
}

/** Whether a rule still allows what one of the same id did: an exemption more takes nothing away. */
function holds(
  { exempt: before, ...rule }: PipelockRule,
  { exempt: after, ...successor }: PipelockRule,
): boolean {
  return JSON.stringify(rule) === JSON.stringify(successor) && before.every((label) => after.includes(label));
}

/** SECURITY: a tunnel that nothing was said in yet has used no rule, and would outlive the one that opened it. */
function allowsTunnel({ tunnel }: OpenPassage, rules: readonly PipelockRule[]): boolean {
  if (tunnel === null) return true;
  const { scheme, host, port } = tunnel;
  return (
    typeof decideTunnel(
      host,
      port,
      rules.filter((rule) => rule.scheme === scheme),
    ) === 'string'
  );
}
