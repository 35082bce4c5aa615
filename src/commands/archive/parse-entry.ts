import { posix } from 'node:path';
import type { Header } from 'tar-stream';
import { BottleError } from '../../errors.ts';

/** One entry of an archive, with names that stay below its root. */
export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: readonly string[]; readonly mode: number }
  | { readonly kind: 'file'; readonly path: readonly string[]; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: readonly string[]; readonly target: string }
  | { readonly kind: 'hardlink'; readonly path: readonly string[]; readonly target: readonly string[] }
  | { readonly kind: 'left-out'; readonly path: readonly string[]; readonly reason: string };

/**
 * Makes an entry of a guest's archive into one that may be written.
 * SECURITY: a name that is absolute or climbs ends the copy; set-user-id bits are dropped; devices, pipes, sockets and links out of
 * what is copied are left out.
 * @param rename the name that replaces the first part of each path, or null to keep it
 * @throws BottleError `archive-unsafe`
 */
export function parseEntry(headers: Header, rename: string | null): ArchiveEntry {
  const path = parsePath(headers.name, rename);
  const mode = (headers.mode ?? 0o644) & 0o777;
  switch (headers.type) {
    case 'directory':
      return { kind: 'folder', path, mode: mode | 0o700 };
    case 'file':
    case 'contiguous-file':
      return { kind: 'file', path, mode };
    case 'symlink':
      return parseSymlink(path, headers.linkname ?? '');
    case 'link':
      return { kind: 'hardlink', path, target: parsePath(headers.linkname ?? '', rename) };
    default:
      return {
        kind: 'left-out',
        path,
        reason: `it is a special file (${headers.type ?? 'of no known kind'})`,
      };
  }
}

function parsePath(name: string, rename: string | null): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw new BottleError('archive-unsafe', `The archive holds a name that leaves its folder: "${name}".`);
  }
  return rename === null || parts.length === 0 ? parts : [rename, ...parts.slice(1)];
}

function parseSymlink(path: readonly string[], target: string): ArchiveEntry {
  // Below the first part, which is what was asked for; the root itself is a folder of the operator's.
  const resolved = posix.normalize(posix.join(...path.slice(1, -1), target));
  const leaves = target === '' || posix.isAbsolute(target) || resolved === '..' || resolved.startsWith('../');
  if (leaves || path.length < 2) {
    return {
      kind: 'left-out',
      path,
      reason: `it is a symbolic link to "${target}", outside of what is copied`,
    };
  }
  return { kind: 'symlink', path, target };
}
