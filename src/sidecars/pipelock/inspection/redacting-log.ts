import type { ScanTables } from '../../../scan/scan-tables.ts';
import type { Log, LogEntry } from '../../daemon/log.ts';
import { scanHost } from './inspect-head.ts';

/**
 * A log that a guest cannot write a known secret into.
 * SECURITY: hosts, methods and reasons are the guest's own words; whatever of an entry holds a secret is left out.
 */
export function createRedactingLog(log: Log, tables: ScanTables): Log {
  const holdsSecret = (text: string): boolean => scanHost(text, tables) !== null;
  return {
    write(entry) {
      log.write(holdsSecret(Object.values(entry).join('\n')) ? redact(entry, holdsSecret) : entry);
    },
  };
}

function redact(entry: LogEntry, holdsSecret: (text: string) => boolean): LogEntry {
  const fields = Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === 'string' && holdsSecret(value) ? '[redacted]' : value,
  ]);
  return { ...entry, ...Object.fromEntries(fields) };
}
