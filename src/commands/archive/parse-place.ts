import { posix } from 'node:path';
import { BottleError } from '../../errors.ts';
import { isBottleName } from '../../plans/manifest/bottle-name.ts';

/** A path on this host, or a tar archive on one of the standard streams. */
export type Place = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'stream' };

/** Which way to copy, between a path of one bottle's guest and a place here. */
export type Places =
  | { readonly kind: 'out'; readonly bottle: string; readonly path: string; readonly to: Place }
  | { readonly kind: 'in'; readonly bottle: string; readonly path: string; readonly from: Place };

/**
 * Reads the two arguments of `cp`; `NAME:/path` is a guest's, `./a:b` a file's whose name has a colon.
 * @throws BottleError `usage-invalid` unless exactly one is a guest's
 */
export function parsePlaces(source: string, target: string): Places {
  const from = parseGuestPlace(source);
  const to = parseGuestPlace(target);
  if (from !== null && to === null) return { kind: 'out', ...from, to: parsePlace(target) };
  if (from === null && to !== null) return { kind: 'in', ...to, from: parsePlace(source) };
  throw new BottleError('usage-invalid', 'One of the two must be in a guest, and the other here.', {
    hint: 'A path in a guest is written NAME:/path, for example "api-dev:/workspace/out".',
  });
}

function parseGuestPlace(text: string): { readonly bottle: string; readonly path: string } | null {
  const end = text.indexOf(':');
  const bottle = text.slice(0, end);
  if (end === -1 || !isBottleName(bottle)) return null;
  const path = text.slice(end + 1);
  // What is relative means the workspace, where the agent works.
  return { bottle, path: posix.resolve('/workspace', path) };
}

function parsePlace(text: string): Place {
  return text === '-' ? { kind: 'stream' } : { kind: 'path', path: text };
}
