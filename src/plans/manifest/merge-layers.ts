import { manifestDefaults } from './defaults.ts';
import type { ManifestFile } from './schema.ts';
import type { SuperviseText } from './supervise-schema.ts';

/**
 * Lays a bottle's own settings over those of its base: environment variables merge, sections and the git user overlay
 * field by field, remotes by name, lists and scalars replace.
 */
export function mergeLayers(base: ManifestFile, own: ManifestFile): ManifestFile {
  return {
    ...base,
    ...own,
    env: { ...base.env, ...own.env },
    workspace: { ...base.workspace, ...own.workspace },
    egress: { ...base.egress, ...own.egress },
    pipelock: { ...base.pipelock, ...own.pipelock },
    git: {
      user: { ...base.git?.user, ...own.git?.user },
      // A remote is replaced whole: its parts only make sense together.
      remotes: { ...base.git?.remotes, ...own.git?.remotes },
    },
    supervise: mergeSupervise(base.supervise, own.supervise),
    resources: { ...base.resources, ...own.resources },
    docker: { ...base.docker, ...own.docker },
  };
}

/** What a base says of how goes on to hold where the own file only says yes. */
function mergeSupervise(base: SuperviseText | undefined, own: SuperviseText | undefined): SuperviseText {
  if (typeof base !== 'object' || own === false) return own ?? base ?? manifestDefaults.supervise;
  return typeof own === 'object' ? { ...base, ...own } : base;
}
