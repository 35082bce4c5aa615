import { BottleError } from '../../errors.ts';
import type { HostFacts } from '../host-facts.ts';
import type { Manifest } from '../manifest.ts';

/** Folders of a host that a guest must never write to, whoever it runs as. */
const hostFolders = ['/proc', '/sys', '/dev', '/run/docker.sock', '/var/run/docker.sock'];

/**
 * Decides what is at `/workspace`.
 * @throws BottleError `manifest-invalid` when the source is not there, or is bound and would hand the guest its own policy
 */
export function prepareWorkspace(manifest: Manifest, facts: HostFacts): Manifest['workspace'] {
  const { source, mode } = manifest.workspace;
  if (facts.workspaceOwner === null) {
    throw new BottleError('manifest-invalid', `The workspace's source ${source} is not a folder.`, {
      hint: 'Create the folder, or name another in workspace.source.',
    });
  }
  // SECURITY: a guest that can write manifests or state decides what the next launch lets it do.
  const within = [...manifest.sources, facts.stateHome, ...hostFolders].find((path) =>
    contains(source, path),
  );
  if (mode === 'bind' && within !== undefined) {
    throw new BottleError(
      'manifest-invalid',
      `The workspace's source ${source} contains ${within}, which a guest must not write to.`,
      {
        hint: 'Run bottle in a folder of its own, name one in workspace.source, or set workspace.mode to "clone" or "copy".',
      },
    );
  }
  return { source, mode };
}

function contains(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
