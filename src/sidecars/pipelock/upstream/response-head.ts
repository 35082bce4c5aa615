import { checkFieldLine, type Field, toField } from '../http/fields.ts';
import { type Framing, type HttpVersion, parseFraming } from '../http/framing.ts';
import { type Malformed, malformed } from '../http/head-lines.ts';

/** The head of a response, after strict parsing. */
export interface ResponseHead {
  readonly kind: 'response';
  readonly version: HttpVersion;
  readonly status: number;
  /** The reason phrase; empty where there is none. */
  readonly reason: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Says why a line of a response's head is refused, or null. */
export function checkResponseLine(line: string, index: number): string | null {
  if (index > 0) return checkFieldLine(line);
  return statusLine.test(line) ? null : 'its status line is malformed';
}

/** Makes a head of its lines; `method` is that of the request it answers. */
export function parseResponseHead(lines: readonly string[], method: string): ResponseHead | Malformed {
  const match = statusLine.exec(lines[0] ?? '');
  if (match === null) return malformed('its status line is malformed');
  const version = match[1] === '1' ? '1.1' : '1.0';
  const status = Number(match[2]);
  const fields = lines.slice(1).map(toField);
  // SECURITY: framing is checked even where there is no body: an ambiguous head is refused, whatever it answers.
  const declared = parseFraming(fields, version);
  if (declared.kind === 'malformed') return declared;
  const framing = hasNoBody(method, status) ? ({ kind: 'none' } as const) : toActualFraming(declared, fields);
  return { kind: 'response', version, status, reason: match[3] ?? '', fields, framing };
}

/** RFC 9110, 6.4.1. */
function hasNoBody(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

function toActualFraming(declared: Framing, fields: readonly Field[]): Framing {
  if (declared.kind !== 'none' || fields.some(({ name }) => name === 'content-length')) return declared;
  return { kind: 'close' };
}
