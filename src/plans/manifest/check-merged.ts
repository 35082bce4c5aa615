import type { Manifest, ManifestRemote } from '../manifest.ts';
import { toGatePath } from '../prepare/gate-path.ts';
import { toSecretLabel } from '../secret-label.ts';
import { toVisibleText } from '../visible-text.ts';

/** Something that only shows once a manifest's layers lie over each other, and where it was written. */
export interface MergedProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Finds what is wrong between parts of a manifest that may come from different files; null where nothing is. */
export function findMergedProblem(manifest: Manifest): MergedProblem | null {
  return findRepeatedRemote(manifest.git.remotes) ?? findExemptionProblem(manifest);
}

/** Two remotes with one repository would be one path at the gate, and the policies of both. */
function findRepeatedRemote(remotes: readonly ManifestRemote[]): MergedProblem | null {
  const seen = new Map<string, string>();
  for (const { name, upstream } of remotes) {
    const gatePath = toGatePath(upstream);
    const first = seen.get(gatePath);
    if (first !== undefined) {
      const message = `git.remotes.${name}.url is the repository of git.remotes.${first} too`;
      return { path: ['git', 'remotes', name, 'url'], message };
    }
    seen.set(gatePath, name);
  }
  return null;
}

function findExemptionProblem({ egress, git, pipelock }: Manifest): MergedProblem | null {
  const credentials = new Set(
    [
      ...egress.routes.flatMap(({ auth }) => (auth === null ? [] : [auth.secret])),
      ...git.remotes.flatMap(({ upstream }) => {
        if (upstream.kind === 'ssh') return [upstream.identity];
        return upstream.auth === null ? [] : [upstream.auth.secret];
      }),
    ].map(toSecretLabel),
  );
  const known = new Set(pipelock.knownSecrets.map(toSecretLabel));
  for (const [index, route] of egress.routes.entries()) {
    for (const [place, label] of route.exempt.entries()) {
      const problem = findLabelProblem(label, credentials, known);
      if (problem === null) continue;
      const at = `egress.routes[${index}].exempt[${place}]`;
      return {
        path: ['egress', 'routes', index, 'exempt', place],
        message: `${at} ${JSON.stringify(toVisibleText(label))} ${problem}`,
      };
    }
  }
  return null;
}

function findLabelProblem(
  label: string,
  credentials: ReadonlySet<string>,
  known: ReadonlySet<string>,
): string | null {
  // SECURITY: a credential that a daemon adds has no reason to come from the guest, wherever it goes.
  if (credentials.has(label)) return 'is a credential, which never passes from the guest';
  if (known.has(label)) return null;
  const names = [...known].filter((name) => !credentials.has(name));
  return names.length === 0
    ? 'is not in pipelock.knownSecrets, which names none that could pass'
    : `is not in pipelock.knownSecrets; known there: ${names.join(', ')}`;
}
