import { homedir, userInfo } from 'node:os';
import { createOperator } from '../../approvals/create-operator.ts';
import type { Operator } from '../../approvals/operator.ts';
import type { ApprovalSurroundings } from '../../approvals/surroundings.ts';
import type { RunningBottle } from '../../backends/backend.ts';
import { BottleError } from '../../errors.ts';
import { openAuditLog } from '../../host/audit/audit-log.ts';
import { stateHome } from '../../host/folders.ts';
import { createManifestFiles } from '../../host/manifest-files.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import type { ManifestContext } from '../../plans/manifest/load-layers.ts';

/** The operator who runs this process, and what is theirs on this host. */
export function openOperator(): Operator {
  return createOperator(findApprovalSurroundings());
}

/** Where the manifests of the operator who runs this process are. */
export function findManifests(): ManifestContext {
  const { read } = createManifestFiles(process.env);
  return { readManifestFile: read, home: homedir(), workingDirectory: process.cwd() };
}

/** What the operator's side needs of this host. */
export function findApprovalSurroundings(): ApprovalSurroundings {
  const home = stateHome(process.env);
  const operator = findLoginName();
  const audit = openAuditLog({ stateHome: home, operator, now: Date.now });
  return { stateHome: home, operator, audit, manifests: findManifests(), now: Date.now, openBottle };
}

/** Connects to an instance by its plan: another one of the same name is not it. */
async function openBottle({ name, slug, backend }: BottlePlan): Promise<RunningBottle> {
  // An engine's client is large, and most of what an operator does needs none.
  const { findBackend } = await import('../../backends/registry.ts');
  const bottle = await (await findBackend(backend.kind)).open(name);
  if (bottle.slug !== slug)
    throw new BottleError('bottle-not-up', `The instance ${slug} is not up any more.`);
  return bottle;
}

/** A user whom the system has no name for goes by number. */
function findLoginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
