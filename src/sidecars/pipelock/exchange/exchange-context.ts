import type { PipelockLimits } from '../../../plans/pipelock-plan.ts';
import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Log } from '../../daemon/log.ts';
import type { LiveRules } from '../policy/live-rules.ts';
import type { EgressPool } from '../upstream/egress-connection.ts';
import type { RefusalTools } from './refusal-tools.ts';

/** What every request is decided, scanned, sent and logged by. */
export interface ExchangeContext {
  readonly policy: LiveRules;
  /** Of every known secret. */
  readonly tables: ScanTables;
  /** What the sentences of refusals offer beside the operator's manifest. */
  readonly tools: RefusalTools;
  readonly limits: PipelockLimits;
  readonly egress: EgressPool;
  readonly log: Log;
  /** `req-1`, `req-2`, ... */
  readonly nextRequestId: () => string;
}
