import type { EgressAuth, EgressPlan, EgressRoute } from '../egress-plan.ts';
import type { HostFacts } from '../host-facts.ts';
import type { Manifest, ManifestAuth, ManifestRoute } from '../manifest.ts';
import { type PreparedSecrets, toSecretLabels } from './secrets.ts';

/** Where egress listens inside the bundle: loopback, which the guest cannot reach. */
export const egressListen = { address: '127.0.0.1', port: 9099 } as const;

/** A model may think for minutes before its first byte, and pause for minutes between two. */
const limits = {
  connectTimeoutMs: 10_000,
  responseTimeoutMs: 600_000,
  idleTimeoutMs: 900_000,
  maxConnections: 512,
} as const;

/** Decides what egress dials, and which credential it adds where. */
export function prepareEgress(manifest: Manifest, facts: HostFacts, secrets: PreparedSecrets): EgressPlan {
  return {
    revision: 0,
    listen: egressListen,
    routes: manifest.egress.routes.map((route) => toEgressRoute(route, secrets)),
    allowPrivate: manifest.egress.allowPrivate,
    extraCa: facts.extraCa,
    secretIds: secrets.egressIds,
    secretLabels: toSecretLabels(secrets.references, secrets.egressIds),
    limits,
  };
}

function toEgressRoute(
  { auth, exempt: _labels, ...rule }: ManifestRoute,
  secrets: PreparedSecrets,
): EgressRoute {
  return { ...rule, auth: auth === null ? null : toEgressAuth(auth, secrets) };
}

function toEgressAuth({ secret, ...auth }: ManifestAuth, secrets: PreparedSecrets): EgressAuth {
  return { ...auth, secretId: secrets.idOf(secret) };
}
