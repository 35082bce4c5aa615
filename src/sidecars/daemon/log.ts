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
  /**
   * Prints one line: `time` (ISO 8601, UTC) and the entry's fields, long strings cut. Never throws. Lines of `info` and
   * `debug` may wait a moment for company; what comes after them never overtakes them. A line for which there is no room is
   * left out; how many were is said in a line of its own.
   */
  write(entry: LogEntry): void;
}

const maxStringLength = 2048;
/** Each write wakes init and the engine, which take the processor from the request that is under way. */
const maxWaitMs = 10;
const maxWaitingLength = 32 * 1024;
/** What init has not taken yet. It takes lines as fast as the engine writes them. */
const maxUnreadBytes = 256 * 1024;

/** The log of a whole daemon. */
export interface DaemonLog extends Log {
  /** Prints what is waiting. */
  flush(): void;
  /** Prints a line that somebody waits for: at once, and whether there is room or not. */
  tell(entry: LogEntry): void;
}

/** A log that prints a JSON object a line on `stdout`; init adds the daemon's name to each. */
export function createLog(stdout: Writable): DaemonLog {
  let waiting = '';
  let leftOut = 0;
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    stdout.write(text);
  };
  const tell = (entry: LogEntry): void => {
    waiting += toLine(entry);
    flush();
  };
  process.once('exit', flush);
  stdout.on('drain', () => {
    if (leftOut === 0) return;
    const message = `${leftOut} lines were left out: they came faster than the log is written`;
    const entry = { level: 'warn', event: 'lines-left-out', lines: leftOut, message } as const;
    leftOut = 0;
    tell(entry);
  });
  return {
    flush,
    tell,
    write(entry) {
      // SECURITY: a guest decides how much there is to log. What is kept of it is bounded, or memory ends and the daemon with it.
      if (stdout.writableLength > maxUnreadBytes) {
        leftOut += 1;
        return;
      }
      waiting += toLine(entry);
      const isUrgent = entry.level === 'warn' || entry.level === 'error';
      if (isUrgent || waiting.length > maxWaitingLength) flush();
      else timer ??= setTimeout(flush, maxWaitMs).unref();
    },
  };
}

function toLine(entry: LogEntry): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...entry }, cutLongStrings)}\n`;
}

/** A guest decides how long a URL or a host name is; a line of the log stays bounded all the same. */
function cutLongStrings(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= maxStringLength) return value;
  return `${value.slice(0, maxStringLength)}...`;
}
