import { randomBytes } from 'node:crypto';
import type { BundlePlan, DaemonName, DaemonPlan } from '../../plans/bundle-plan.ts';
import type { SecretId } from '../../plans/secret-reference.ts';
import { createFingerprints } from '../../scan/fingerprint.ts';
import type { DaemonSecretsLine } from '../protocol.ts';

export interface DaemonSecretLines {
  /** The line for each daemon, with its line end. */
  readonly lines: ReadonlyMap<DaemonName, Buffer>;
  /** Labels of secrets too short to be recognised in what the guest sends. */
  readonly unscannable: readonly string[];
}

/**
 * Decides what each daemon gets to know: the values of its own secrets, or marks of them that were made
 * with a salt of this launch.
 *
 * SECURITY: a daemon whose plan says `fingerprints` never gets a value, and none gets a secret that is not its own.
 */
export function toDaemonSecretLines(
  plan: BundlePlan,
  secrets: Readonly<Record<SecretId, string>>,
): DaemonSecretLines {
  const salt = randomBytes(16).toString('hex');
  const unscannable = new Set<string>();
  const lines = new Map<DaemonName, Buffer>();
  for (const daemon of plan.daemons) {
    lines.set(daemon.name, Buffer.from(`${JSON.stringify(toLine(daemon))}\n`, 'utf8'));
  }
  return { lines, unscannable: [...unscannable] };

  function toLine(daemon: DaemonPlan): DaemonSecretsLine {
    const own = daemon.secretIds.map((id) => ({
      id,
      label: plan.secretLabels[id] ?? id,
      value: secrets[id] ?? '',
    }));
    if (daemon.secrets === 'values') {
      return { values: Object.fromEntries(own.map(({ id, value }) => [id, value])) };
    }
    const set = createFingerprints(own, salt);
    for (const label of set.unscannable) unscannable.add(label);
    return { fingerprints: set.fingerprints };
  }
}
