/** Whose key it is: the host and port of an ssh remote. */
interface SshHost {
  readonly host: string;
  readonly port: number;
}

/** Lines for a known_hosts file, or why there are none, as the rest of a sentence. */
export type ParsedKnownHosts =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: string };

const keyTypes: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);
const maxKeys = 16;

/**
 * Parses what `knownHost` says: lines as `ssh-keyscan` prints them, or keys without a host before them.
 * SECURITY: each line names this host and port in plain text and one whole key; nothing else is ever trusted.
 */
export function parseKnownHosts(text: string | readonly string[], place: SshHost): ParsedKnownHosts {
  const written = (typeof text === 'string' ? [text] : text)
    .flatMap((part) => part.split(/\r?\n/))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (written.length === 0) return { kind: 'refused', problem: 'holds no key' };
  if (written.length > maxKeys) return { kind: 'refused', problem: `holds more than ${maxKeys} keys` };
  const parsed = written.map((line) => parseLine(line, place));
  const problem = parsed.find((result) => result.kind === 'refused');
  if (problem !== undefined) return problem;
  return { kind: 'lines', lines: [...new Set(parsed.flatMap((result) => result.lines ?? []))] };
}

type ParsedLine =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: string; readonly lines?: undefined };

function parseLine(line: string, place: SshHost): ParsedLine {
  const words = line.split(/[ \t]+/);
  const [first = ''] = words;
  if (first.startsWith('@')) return refused(`has the marker "${first}": write the host's own key`);
  if (first.startsWith('|')) return refused('has a hashed name: write the name of the host in its place');
  const isBare = keyTypes.has(first);
  const [type = '', key = ''] = isBare ? words : words.slice(1);
  const own = toKnownHostName(place);
  if (!isBare && !toNames(first).includes(own)) {
    return refused(`is for "${first}", and ssh looks for "${own}"`);
  }
  if (!keyTypes.has(type)) return refused('is not a line such as "host ssh-ed25519 AAAA..."');
  return isKey(type, key)
    ? { kind: 'lines', lines: [`${own} ${type} ${key}`] }
    : refused(`has a ${type} key that is not whole`);
}

/** How ssh calls a host in a known_hosts file: the port only where it is not ssh's own. */
function toKnownHostName({ host, port }: SshHost): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

function toNames(names: string): readonly string[] {
  return names
    .toLowerCase()
    .split(',')
    .map((name) => name.replace(/^\[(.*)\]:22$/, '$1'));
}

/** Whether a key is what its type says and its length fields add up: a key that lost a letter in copying does neither. */
function isKey(type: string, text: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return false;
  const blob = Buffer.from(text, 'base64');
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset + 4 <= blob.length) {
    const end = offset + 4 + blob.readUInt32BE(offset);
    if (end > blob.length) return false;
    fields.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return offset === blob.length && fields.length >= 2 && fields[0]?.toString('latin1') === type;
}

function refused(problem: string): ParsedLine {
  return { kind: 'refused', problem };
}
