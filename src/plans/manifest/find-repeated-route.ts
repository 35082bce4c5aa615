import { parseHostPattern } from '../../policy/host-pattern.ts';
import { routeDefaults } from './defaults.ts';
import type { RouteText } from './route-schema.ts';

/** Finds the first route that asks for exactly what an earlier one does, whatever its credential; null when all differ. */
export function findRepeatedRoute(routes: readonly RouteText[]): { first: number; second: number } | null {
  const seen = new Map<string, number>();
  for (const [second, route] of routes.entries()) {
    const key = toKey(route);
    const first = seen.get(key);
    if (first !== undefined) return { first, second };
    seen.set(key, second);
  }
  return null;
}

function toKey({ host, scheme = routeDefaults.scheme, port, methods, paths }: RouteText): string {
  return JSON.stringify([
    parseHostPattern(host),
    scheme,
    port ?? routeDefaults.port[scheme],
    methods?.toSorted() ?? null,
    paths?.toSorted() ?? null,
  ]);
}
