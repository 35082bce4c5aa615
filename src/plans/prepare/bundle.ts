import type { BundlePlan, DaemonName, DaemonPlan } from '../bundle-plan.ts';
import type { Manifest } from '../manifest.ts';
import { type PreparedSecrets, toSecretLabels } from './secrets.ts';

/**
 * What keeps the Node processes within the bundle's 120 MB under load: the smallest nursery, for the buffers of passing
 * bodies are freed when it is swept and do not count towards its size; code that is compact before it is fast; one helper
 * thread of V8's instead of four.
 */
const nodeFlags = (maxHeapMb: number): readonly string[] => [
  '--max-semi-space-size=1',
  `--max-old-space-size=${maxHeapMb}`,
  '--optimize-for-size',
  '--v8-pool-size=1',
];

/** The gate keeps the ids of all objects of a push while it looks through them: some hundred thousand in a large one. */
const maxHeapMb: Readonly<Record<DaemonName, number>> = {
  egress: 64,
  pipelock: 64,
  'git-gate': 256,
  supervise: 64,
};

/** Decides which daemons run, as whom, with which secrets. Egress first: pipelock has nowhere to go without it. */
export function prepareBundle(image: string, manifest: Manifest, secrets: PreparedSecrets): BundlePlan {
  const { egressIds, gitIds, knownIds } = secrets;
  return {
    image,
    daemons: [
      toDaemon('egress', 2001, { values: egressIds }),
      // SECURITY: the daemons that read the guest's bytes and dial nobody never get a value.
      toDaemon('pipelock', 2002, { fingerprints: knownIds }),
      ...(manifest.git.remotes.length === 0
        ? []
        : [toDaemon('git-gate', 2003, { values: gitIds, fingerprints: knownIds })]),
      ...(manifest.supervise === null ? [] : [toDaemon('supervise', 2004, { hearsRefusals: true })]),
    ],
    secretLabels: toSecretLabels(secrets.references, knownIds),
    graceMs: 8_000,
    readyTimeoutMs: 15_000,
    configDirectory: '/etc/bottle',
  };
}

function toDaemon(
  name: DaemonName,
  id: number,
  {
    values = [],
    fingerprints = [],
    hearsRefusals = false,
  }: Partial<DaemonPlan['secrets'] & Pick<DaemonPlan, 'hearsRefusals'>>,
): DaemonPlan {
  return {
    name,
    uid: id,
    gid: id,
    argv: ['node', ...nodeFlags(maxHeapMb[name]), `/opt/bottle/${name}.js`],
    secrets: { values, fingerprints },
    hearsRefusals,
  };
}
