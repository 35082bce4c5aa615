import type { Writable } from 'node:stream';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One event of a daemon's log. Further fields are JSON values with pipelock's names where it has them. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  /** One plain sentence for a reader. */
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Log {
  /** Prints one line: `time` (ISO 8601, UTC) and the entry's fields, long strings cut. Never throws. */
  write(entry: LogEntry): void;
}

const maxStringLength = 2048;

/** A log that prints a JSON object a line on `stdout`; init adds the daemon's name to each. */
export function createLog(stdout: Writable): Log {
  return {
    write(entry) {
      stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry }, cutLongStrings)}\n`);
    },
  };
}

/** A guest decides how long a URL or a host name is; a line of the log stays bounded all the same. */
function cutLongStrings(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= maxStringLength) return value;
  return `${value.slice(0, maxStringLength)}...`;
}
