import { parseHostPattern } from '../../policy/host-pattern.ts';
import type { Scheme } from '../../policy/request-rule.ts';
import { routeDefaults } from './defaults.ts';
import type { RouteText } from './route-schema.ts';

/** What a route asks for, as written or with its defaults filled in. */
interface RouteQuestion {
  readonly host: string;
  readonly scheme?: Scheme;
  readonly port?: number;
  readonly methods?: readonly string[] | null;
  readonly paths?: readonly string[] | null;
}

/** Finds the first route that asks for exactly what an earlier one does, whatever its credential; null when all differ. */
export function findRepeatedRoute(routes: readonly RouteText[]): { first: number; second: number } | null {
  const seen = new Map<string, number>();
  for (const [second, route] of routes.entries()) {
    const key = toRouteKey(route);
    const first = seen.get(key);
    if (first !== undefined) return { first, second };
    seen.set(key, second);
  }
  return null;
}

/** Equal for two routes that ask for the same. */
export function toRouteKey({
  host,
  scheme = routeDefaults.scheme,
  port,
  methods,
  paths,
}: RouteQuestion): string {
  return JSON.stringify([
    parseHostPattern(host),
    scheme,
    port ?? routeDefaults.port[scheme],
    methods?.toSorted() ?? null,
    paths?.toSorted() ?? null,
  ]);
}
