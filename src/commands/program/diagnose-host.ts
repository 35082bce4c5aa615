import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Capability } from '../../backends/backend.ts';
import { manifestFolder, stateHome } from '../../host/folders.ts';

/** What bottle needs of this host whatever the backend. */
export async function diagnoseHost(): Promise<readonly Capability[]> {
  const manifests = manifestFolder(process.env);
  return [
    // An older one has been refused before anything of bottle was loaded.
    { name: 'Node', status: 'present', detail: process.versions.node, remedy: '', required: true },
    await diagnoseManifests(manifests),
    await diagnoseState(stateHome(process.env)),
  ];
}

async function diagnoseManifests(path: string): Promise<Capability> {
  const common = { name: 'manifests', required: false };
  const stats = await stat(path).catch(() => null);
  if (stats === null) {
    return {
      ...common,
      status: 'warning',
      detail: `${path} is not there`,
      remedy: 'Write a first manifest with "bottle init NAME".',
    };
  }
  // Whoever can write there can grant himself hosts and credentials.
  if ((stats.mode & 0o022) !== 0) {
    return {
      ...common,
      status: 'warning',
      detail: `${path} can be written by other users`,
      remedy: `Run "chmod go-w ${path}".`,
    };
  }
  return { ...common, status: 'present', detail: path, remedy: '' };
}

async function diagnoseState(path: string): Promise<Capability> {
  const common = { name: 'state folder', required: true };
  const existing = await findExisting(path);
  const writable = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) return { ...common, status: 'present', detail: path, remedy: '' };
  return {
    ...common,
    status: 'missing',
    detail: `${existing} cannot be written`,
    remedy: 'Make it writable, or name another folder in XDG_STATE_HOME.',
  };
}

/** The folder itself, or the nearest above it that is there. */
async function findExisting(path: string): Promise<string> {
  const present = await stat(path).catch(() => null);
  return present !== null || dirname(path) === path ? path : await findExisting(dirname(path));
}
