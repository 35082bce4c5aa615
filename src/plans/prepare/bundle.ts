import type { BundlePlan, DaemonName, DaemonPlan } from '../bundle-plan.ts';
import { type PreparedSecrets, toSecretLabels } from './secrets.ts';

/**
 * What keeps three Node processes within the bundle's 120 MB under load: the smallest nursery, for the buffers of passing
 * bodies are freed when it is swept and do not count towards its size; code that is compact before it is fast; one helper
 * thread of V8's instead of four.
 */
const nodeFlags = [
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--optimize-for-size',
  '--v8-pool-size=1',
] as const;

/** Decides which daemons run, as whom, with which secrets. Egress first: pipelock has nowhere to go without it. */
export function prepareBundle(image: string, secrets: PreparedSecrets): BundlePlan {
  return {
    image,
    daemons: [
      toDaemon('egress', 2001, { secrets: 'values', secretIds: secrets.egressIds }),
      // SECURITY: the daemon that reads the guest's bytes never gets a value.
      toDaemon('pipelock', 2002, { secrets: 'fingerprints', secretIds: secrets.knownIds }),
    ],
    secretLabels: toSecretLabels(secrets.references, secrets.knownIds),
    graceMs: 8_000,
    readyTimeoutMs: 15_000,
    configDirectory: '/etc/bottle',
  };
}

function toDaemon(
  name: DaemonName,
  id: number,
  given: Pick<DaemonPlan, 'secrets' | 'secretIds'>,
): DaemonPlan {
  return { name, uid: id, gid: id, argv: ['node', ...nodeFlags, `/opt/bottle/${name}.js`], ...given };
}
