import { toPrintable } from './to-printable.ts';

/** Fields that a line for people already shows, or that are only for machines. */
const shown = new Set(['time', 'level', 'daemon', 'event', 'message', 'caCertificate']);

/**
 * One line of a daemon's log for people: time, level, daemon, message, then what else it says as `name=value`. What is
 * not one of our JSON lines is shown as it is. SECURITY: either way printable, since a guest's words are in it.
 */
export function toLogLine(line: string): string {
  const fields = parseFields(line);
  if (fields === null) return toPrintable(line);
  const { time, level, daemon, event, message } = fields;
  const more = Object.entries(fields)
    .filter(([name, value]) => !shown.has(name) && value !== null && value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : JSON.stringify(value)}`);
  const head = [toClock(time), pad(level, 5), pad(daemon, 8), message ?? event];
  return toPrintable([...head, ...more].join(' ').trimEnd());
}

function parseFields(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function pad(value: unknown, width: number): string {
  return String(value ?? '-').padEnd(width);
}

function quote(value: string): string {
  return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}

/** The time of day, in UTC as the log itself has it. */
function toClock(time: unknown): string {
  const match = /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(String(time));
  return (match?.[1] ?? '-').padEnd(12);
}
