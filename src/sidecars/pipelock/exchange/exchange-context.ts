import type { PipelockLimits } from '../../../plans/pipelock-plan.ts';
import type { RequestRule } from '../../../policy/request-rule.ts';
import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Log } from '../../daemon/log.ts';
import type { EgressPool } from '../upstream/egress-connection.ts';

/** What every request is decided, scanned, sent and logged by. */
export interface ExchangeContext {
  readonly rules: readonly RequestRule[];
  readonly tables: ScanTables;
  readonly limits: PipelockLimits;
  readonly egress: EgressPool;
  readonly log: Log;
  /** `req-1`, `req-2`, ... */
  readonly nextRequestId: () => string;
}
