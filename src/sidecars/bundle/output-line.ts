import type { DaemonName } from '../../plans/bundle-plan.ts';
import { toRefusalLine } from '../daemon/refusal-line.ts';
import type { DaemonReadyEvent, RefusalLine } from '../protocol.ts';

/** What one line of a daemon's standard output is. */
export type OutputLine =
  | { readonly kind: 'ready'; readonly event: DaemonReadyEvent }
  /** A line of the bundle's log, complete with its line end, and the refusal that it tells of. */
  | { readonly kind: 'log'; readonly text: string; readonly refusal: RefusalLine | null };

/**
 * Reads one line of a daemon's standard output. A JSON object gets `"daemon"` as its first key; anything
 * else is wrapped.
 *
 * SECURITY: a daemon that fell to the guest cannot speak for another or for init: a `daemon` key of its
 * own, however it is spelt, is taken out.
 */
export function toOutputLine(daemon: DaemonName, line: Buffer, cut: boolean): OutputLine {
  const text = line.toString('utf8');
  const object = cut ? null : parseObject(text);
  if (object === null) return { kind: 'log', text: toWrappedLine(daemon, 'warn', text, cut), refusal: null };
  const ready = toReadyEvent(object);
  if (ready !== null) return { kind: 'ready', event: ready };
  const { daemon: claimed, ...rest } = object;
  // A parsed object that has no such key is passed as it was written: that is the rule, and the cheap way.
  const body = claimed === undefined ? text.trim() : JSON.stringify(rest);
  const separator = Object.keys(rest).length === 0 ? '' : ',';
  const named = `{"daemon":${JSON.stringify(daemon)}${separator}${body.slice(1)}\n`;
  return { kind: 'log', text: named, refusal: toRefusalLine(daemon, object) };
}

/** One line of a daemon's standard error, or of its output where that is no JSON, as a line of the log. */
export function toWrappedLine(daemon: string, level: 'warn' | 'error', text: string, cut: boolean): string {
  return `${JSON.stringify({
    daemon,
    time: new Date().toISOString(),
    level,
    event: level === 'error' ? 'stderr' : 'output',
    message: text,
    ...(cut ? { cut: true } : {}),
  })}\n`;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function toReadyEvent(object: Record<string, unknown>): DaemonReadyEvent | null {
  if (object.event !== 'ready') return null;
  const { caCertificate } = object;
  if (caCertificate === undefined) return { event: 'ready' };
  return typeof caCertificate === 'string' ? { event: 'ready', caCertificate } : null;
}
