import type { DaemonName } from '../../plans/bundle-plan.ts';
import type { RefusalLine } from '../protocol.ts';
import { isRecord } from './strict-json.ts';

/** Of one line on its way from init to a daemon that hears refusals. */
export const maxRefusalBytes = 16 * 1024;

/** Bounds on the single texts, in UTF-16 units: a guest decides how long a URL is. */
const maxTextLength = 1024;
const required = ['time', 'reason', 'layer', 'hint'] as const;
const optional = ['url', 'method', 'secret', 'route'] as const;
const daemonNames: readonly string[] = [
  'egress',
  'pipelock',
  'git-gate',
  'supervise',
] satisfies readonly DaemonName[];

/**
 * Makes a refusal of what a daemon printed; null where it is none.
 * SECURITY: only the fields of a refusal, each a text of bounded length; the daemon's name is init's word.
 */
export function toRefusalLine(
  daemon: DaemonName,
  printed: Readonly<Record<string, unknown>>,
): RefusalLine | null {
  if (printed.event !== 'blocked') return null;
  const texts: Partial<Record<(typeof required)[number] | (typeof optional)[number], string>> = {};
  for (const name of required) {
    const value = printed[name];
    if (typeof value !== 'string') return null;
    texts[name] = value.slice(0, maxTextLength);
  }
  for (const name of optional) {
    const value = printed[name];
    if (typeof value === 'string') texts[name] = value.slice(0, maxTextLength);
  }
  const { time = '', reason = '', layer = '', hint = '' } = texts;
  return { ...texts, daemon, event: 'blocked', time, reason, layer, hint };
}

/** Reads a line that init passed on; null where it is no refusal. */
export function parseRefusalLine(text: string): RefusalLine | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && isDaemonName(value.daemon) ? toRefusalLine(value.daemon, value) : null;
  } catch {
    return null;
  }
}

function isDaemonName(value: unknown): value is DaemonName {
  return typeof value === 'string' && daemonNames.includes(value);
}
