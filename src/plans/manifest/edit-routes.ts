import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { insertRoutes } from './insert-routes.ts';
import { rewriteRoutes } from './rewrite-routes.ts';
import type { RouteText } from './route-schema.ts';
import type { RoutesEdit } from './routes-node.ts';

/**
 * Edits the routes in a manifest file's text. Where lines can simply be put in, every other character stays as it is; else the
 * file is written anew, with its comments and its order.
 * @param text of a file that loads
 * @param inherited the routes that the file is to have first, or null where it has its own
 */
export function editRoutes(text: string, inherited: readonly RouteText[] | null, edit: RoutesEdit): string {
  const rewritten = rewriteRoutes(text, inherited, edit);
  const inserted = insertRoutes(text, inherited, edit);
  // INVARIANT: lines are only put in where the file then means what the edit says.
  return inserted !== null && isDeepStrictEqual(toValue(inserted), toValue(rewritten)) ? inserted : rewritten;
}

function toValue(text: string): unknown {
  try {
    return parse(text, { schema: 'core' });
  } catch {
    return undefined;
  }
}
