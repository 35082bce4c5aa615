import type { EgressAuth, EgressPlan, EgressRoute } from './egress-plan.ts';

/** Where a route leads: `https://api.example.com`, the port only where it is not the scheme's own. */
export function toTargetText({ scheme, host, port }: Pick<EgressRoute, 'scheme' | 'host' | 'port'>): string {
  const isUsual = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${isUsual ? '' : `:${port}`}`;
}

/**
 * What may be asked there, and with which credential: `GET POST, /v1/**, with a bearer token from GITHUB_TOKEN`.
 * @param labels what each of the credentials is called
 */
export function toConditionsText(
  { methods, paths, auth }: Pick<EgressRoute, 'methods' | 'paths' | 'auth'>,
  labels: EgressPlan['secretLabels'],
): string {
  const what = `${methods?.join(' ') ?? 'any method'}, ${paths?.join(' ') ?? 'any path'}`;
  return auth === null ? what : `${what}, with ${toCredentialText(auth, labels)}`;
}

function toCredentialText(auth: EgressAuth, labels: EgressPlan['secretLabels']): string {
  const label = labels[auth.secretId] ?? auth.secretId;
  switch (auth.kind) {
    case 'header':
      return `header ${auth.name} from ${label}`;
    case 'bearer':
      return `a bearer token from ${label}`;
    case 'basic':
      return `basic auth as ${auth.username}, password from ${label}`;
    case 'query':
      return `query parameter ${auth.name} from ${label}`;
  }
}
