/** One header or trailer field. Bytes are characters of the same number (latin1). */
export interface Field {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a text is a token of RFC 9110, 5.6.2. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/**
 * Says why a field line is refused, or null.
 * SECURITY: a folded line or a space before the colon is read differently by different servers.
 */
export function checkFieldLine(line: string): string | null {
  if (line.startsWith(' ') || line.startsWith('\t')) return 'it has a folded header line';
  const colon = line.indexOf(':');
  if (colon === -1) return 'it has a header line without a colon';
  const name = line.slice(0, colon);
  if (name !== name.trimEnd()) return 'it has a space between a header name and its colon';
  return isToken(name) ? null : 'it has a header name that is no token';
}

/** The field of a line that {@link checkFieldLine} found nothing wrong with. */
export function toField(line: string): Field {
  const colon = line.indexOf(':');
  return {
    name: line.slice(0, colon).toLowerCase(),
    value: line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''),
  };
}

/** The values of all fields of a name. */
export function findValues(fields: readonly Field[], name: string): readonly string[] {
  return fields.filter((field) => field.name === name).map((field) => field.value);
}

/** The members of a comma-separated list over all fields of a name, lower case. */
export function findListMembers(fields: readonly Field[], name: string): readonly string[] {
  return findValues(fields, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/** Fields as lines of a message, each with its line end. */
export function toFieldLines(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What is meant for the next recipient beyond this hop; also drops what `Connection` names. */
export function dropHopByHop(fields: readonly Field[]): Field[] {
  const named = findListMembers(fields, 'connection');
  return fields.filter(({ name }) => !hopByHop.has(name) && !named.includes(name));
}
