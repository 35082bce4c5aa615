import type { ManifestRemote } from '../manifest.ts';

/** Where a repository is, whatever proves who asks. */
type RepositoryPlace = Pick<ManifestRemote['upstream'], 'kind' | 'host' | 'port' | 'path'>;

/** The ports that URLs leave out. */
export const usualPorts = { ssh: 22, https: 443 } as const;

/**
 * How a guest asks the gate for a repository: `github.com/o/r`, or `git.example.com:2222/o/r` where the port is not the
 * usual one. The same for ssh and https, so that either spelling of a URL leads to the one remote there is.
 */
export function toGatePath({ kind, host, port, path }: RepositoryPlace): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  const place = port === usualPorts[kind] ? shown : `${shown}:${port}`;
  return `${place}/${trimRepositoryPath(path)}`;
}

/** A repository's path without slashes around it and without `.git`. */
function trimRepositoryPath(path: string): string {
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}
