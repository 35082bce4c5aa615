import type { Manifest, ManifestRemote } from '../manifest.ts';
import { toSecretLabel } from '../secret-label.ts';
import type { SecretId, SecretReference } from '../secret-reference.ts';

/** Every secret of a bottle under its id. */
export interface PreparedSecrets {
  readonly references: Readonly<Record<SecretId, SecretReference>>;
  /** What egress is given the values of: credentials of routes. */
  readonly egressIds: readonly SecretId[];
  /** What the git gate is given the values of: keys and tokens of remotes. */
  readonly gitIds: readonly SecretId[];
  /** What must not leave the guest: those, and the manifest's known secrets. */
  readonly knownIds: readonly SecretId[];
  /** Labels of known secrets that a route may let through. */
  readonly exemptible: readonly string[];
  readonly idOf: (reference: SecretReference) => SecretId;
}

/** Numbers the secrets in the manifest's order, routes first, then remotes; equal references share an id. */
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
  const gitIds = [...new Set(manifest.git.remotes.flatMap(toCredentials).map(idOf))];
  const knownSecrets = manifest.pipelock.knownSecrets.map(idOf);
  const knownIds = [...new Set([...egressIds, ...gitIds, ...knownSecrets])];
  const labelsOf = (list: readonly SecretId[]) => Object.values(toSecretLabels(references, list));
  const credentialLabels = new Set(labelsOf([...egressIds, ...gitIds]));
  // SECURITY: by label, for pipelock lets through by label: two secrets may share one, and then the credential decides.
  const exemptible = [...new Set(labelsOf(knownSecrets))].filter((label) => !credentialLabels.has(label));
  return { references, egressIds, gitIds, knownIds, exemptible, idOf };
}

function toCredentials({ upstream }: ManifestRemote): readonly SecretReference[] {
  if (upstream.kind === 'ssh') return [upstream.identity];
  return upstream.auth === null ? [] : [upstream.auth.secret];
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
