import type { RunningBottle } from '../backends/backend.ts';
import type { AuditLog } from '../host/audit/audit-log.ts';
import type { BottlePlan } from '../plans/bottle-plan.ts';
import type { ManifestContext } from '../plans/manifest/load-layers.ts';

/** What the operator's side needs of its host. */
export interface ApprovalSurroundings {
  /** Where the instances' folders, the audit log and the locks are. */
  readonly stateHome: string;
  /** The login name of who answers. */
  readonly operator: string;
  readonly audit: AuditLog;
  /** Where the bottles' manifests are. */
  readonly manifests: ManifestContext;
  /** Milliseconds since 1970; the daemons read the same clock. */
  readonly now: () => number;
  /**
   * Connects to the running instance of a plan.
   * @throws BottleError `bottle-not-up`, `engine-*`
   */
  readonly openBottle: (plan: BottlePlan) => Promise<Pick<RunningBottle, 'reload'>>;
}
