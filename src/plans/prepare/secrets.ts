import type { Manifest } from '../manifest.ts';
import { toSecretLabel } from '../secret-label.ts';
import type { SecretId, SecretReference } from '../secret-reference.ts';

/** Every secret of a bottle under its id. */
export interface PreparedSecrets {
  readonly references: Readonly<Record<SecretId, SecretReference>>;
  /** What egress is given the values of: credentials of routes. */
  readonly egressIds: readonly SecretId[];
  /** What must not leave the guest: those, and the manifest's known secrets. */
  readonly knownIds: readonly SecretId[];
  readonly idOf: (reference: SecretReference) => SecretId;
}

/** Numbers the secrets in the manifest's order, routes first; equal references share an id. */
export function prepareSecrets(manifest: Manifest): PreparedSecrets {
  const ids = new Map<string, SecretId>();
  const references: Record<SecretId, SecretReference> = {};
  const idOf = (reference: SecretReference): SecretId => {
    const key = JSON.stringify(reference);
    const id = ids.get(key) ?? `secret-${ids.size}`;
    ids.set(key, id);
    references[id] = reference;
    return id;
  };
  const credentials = manifest.egress.routes.flatMap(({ auth }) => (auth === null ? [] : [auth.secret]));
  const egressIds = [...new Set(credentials.map(idOf))];
  const knownIds = [...new Set([...egressIds, ...manifest.pipelock.knownSecrets.map(idOf)])];
  return { references, egressIds, knownIds, idOf };
}

/** The labels of some of a plan's secrets, by id. */
export function toSecretLabels(
  references: Readonly<Record<SecretId, SecretReference>>,
  ids: readonly SecretId[],
): Readonly<Record<SecretId, string>> {
  const labels: Record<SecretId, string> = {};
  for (const id of ids) {
    const reference = references[id];
    if (reference !== undefined) labels[id] = toSecretLabel(reference);
  }
  return labels;
}
