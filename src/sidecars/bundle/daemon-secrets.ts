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
 * Decides what each daemon gets to know: the values of its own secrets, and marks, made with a salt of this launch, of
 * those it is to recognise.
 *
 * SECURITY: a daemon gets no value but of the secrets its plan names under `values`, and marks of no others than it names.
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

  function toLine({ secrets: known }: DaemonPlan): DaemonSecretsLine {
    const marked = known.fingerprints.map((id) => ({
      label: plan.secretLabels[id] ?? id,
      value: secrets[id] ?? '',
    }));
    const set = createFingerprints(marked, salt);
    for (const label of set.unscannable) unscannable.add(label);
    return {
      values: Object.fromEntries(known.values.map((id) => [id, secrets[id] ?? ''])),
      fingerprints: set.fingerprints,
    };
  }
}
