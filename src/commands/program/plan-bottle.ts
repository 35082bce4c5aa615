import { homedir } from 'node:os';
import { probeBackends } from '../../backends/registry.ts';
import { createManifestFiles } from '../../host/manifest-files.ts';
import { probeHost } from '../../host/probe-host.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { Invocation } from '../../plans/host-facts.ts';
import { loadManifest } from '../../plans/manifest/load-manifest.ts';
import { findPlanWarnings, type PlanWarning } from '../../plans/plan-warnings.ts';
import { prepareBottle } from '../../plans/prepare/prepare-bottle.ts';

/** A plan, and what in it the operator may not have meant. */
export interface PlannedBottle {
  readonly plan: BottlePlan;
  readonly warnings: readonly PlanWarning[];
  /** The manifest's own Dockerfile, or null. */
  readonly dockerfile: string | null;
}

/**
 * Goes from a name to a plan: loads the manifest, probes the host, prepares. Nothing is made.
 * @throws BottleError of every of these phases
 */
export async function planBottle(name: string, invocation: Invocation): Promise<PlannedBottle> {
  const manifest = await loadManifest(name, {
    readManifestFile: createManifestFiles(process.env).read,
    home: homedir(),
    workingDirectory: process.cwd(),
  });
  const facts = await probeHost(manifest, { env: process.env, invocation, probeBackends });
  const plan = prepareBottle(manifest, facts);
  const dockerfile = manifest.image.kind === 'dockerfile' ? manifest.image.path : null;
  return { plan, warnings: findPlanWarnings(plan, facts), dockerfile };
}
