import type { ManifestFile } from './schema.ts';

/**
 * Lays a bottle's own settings over those of its base: environment variables merge, sections and the git user overlay
 * field by field, lists and scalars replace.
 */
export function mergeLayers(base: ManifestFile, own: ManifestFile): ManifestFile {
  return {
    ...base,
    ...own,
    env: { ...base.env, ...own.env },
    workspace: { ...base.workspace, ...own.workspace },
    egress: { ...base.egress, ...own.egress },
    pipelock: { ...base.pipelock, ...own.pipelock },
    git: { user: { ...base.git?.user, ...own.git?.user } },
    resources: { ...base.resources, ...own.resources },
    docker: { ...base.docker, ...own.docker },
  };
}
