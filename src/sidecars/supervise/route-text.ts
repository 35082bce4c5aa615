import type { RouteProposal } from '../../queue/proposal.ts';

/** A route in one line: `GET, POST https://api.example.com/v1/**`. */
export function toRouteText({
  host,
  scheme,
  port,
  methods,
  paths,
}: Pick<RouteProposal, 'host' | 'scheme' | 'port' | 'methods' | 'paths'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const place = port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
  const what = methods === null ? 'any method' : methods.join(', ');
  return `${what} ${scheme}://${place} ${paths === null ? 'any path' : paths.join(', ')}`;
}
