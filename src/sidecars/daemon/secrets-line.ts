import type { Readable } from 'node:stream';
import type { SecretId } from '../../plans/secret-reference.ts';
import type { SecretFingerprint } from '../../scan/fingerprint.ts';
import type { DaemonSecretsLine } from '../protocol.ts';

/** Far above what a bottle's secrets need, far below what hurts. */
const maxLineBytes = 8 * 1024 * 1024;

/**
 * Reads the one line that init writes to a daemon's standard input, and lets go of the stream.
 * @throws Error when the stream ends before a line end, when the line is longer than 8 MiB, or when it is
 *   not a {@link DaemonSecretsLine}; the message never quotes the line.
 */
export async function readSecretsLine(stdin: Readable): Promise<DaemonSecretsLine> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), 'utf8');
    const lineEnd = bytes.indexOf(0x0a);
    const part = lineEnd === -1 ? bytes : bytes.subarray(0, lineEnd);
    size += part.length;
    if (size > maxLineBytes) throw new Error(`the secrets line is longer than ${maxLineBytes} bytes`);
    chunks.push(part);
    if (lineEnd !== -1) return parseSecretsLine(Buffer.concat(chunks).toString('utf8'));
  }
  throw new Error('standard input ended before the secrets line');
}

/**
 * Makes a {@link DaemonSecretsLine} from its JSON text.
 * @throws Error when it is anything else; SECURITY: the message names a place, never a value.
 */
function parseSecretsLine(text: string): DaemonSecretsLine {
  const line = parseJson(text);
  if (!isRecord(line)) throw new Error('the secrets line is not an object');
  const unknown = Object.keys(line).find((key) => key !== 'values' && key !== 'fingerprints');
  if (unknown !== undefined) throw new Error('the secrets line has an unknown key');
  return {
    ...(line.values === undefined ? {} : { values: parseValues(line.values) }),
    ...(line.fingerprints === undefined ? {} : { fingerprints: parseFingerprints(line.fingerprints) }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse quotes its input in its message, and the input is secrets.
    throw new Error('the secrets line is not JSON');
  }
}

function parseValues(values: unknown): Readonly<Record<SecretId, string>> {
  if (!isRecord(values)) throw new Error('"values" is not an object');
  const parsed: Record<SecretId, string> = {};
  for (const [id, value] of Object.entries(values)) {
    if (!isSecretId(id)) throw new Error('"values" has a key that is no secret id');
    if (typeof value !== 'string' || value === '')
      throw new Error(`the value of ${id} is not a string with content`);
    parsed[id] = value;
  }
  return parsed;
}

function parseFingerprints(fingerprints: unknown): readonly SecretFingerprint[] {
  if (!Array.isArray(fingerprints)) throw new Error('"fingerprints" is not a list');
  return fingerprints.map((entry: unknown, index) => {
    if (!isFingerprint(entry)) throw new Error(`fingerprint ${index} is malformed`);
    return entry;
  });
}

function isFingerprint(entry: unknown): entry is SecretFingerprint {
  if (!isRecord(entry)) return false;
  const { label, encoding, length, window, rolling, digest, salt } = entry;
  return (
    typeof label === 'string' &&
    typeof encoding === 'string' &&
    ['raw', 'base64', 'base64url', 'hex', 'url'].includes(encoding) &&
    isIntegerWithin(window, 1, 65_536) &&
    isIntegerWithin(length, window, 4 * 1024 * 1024) &&
    isIntegerWithin(rolling, 0, 0xffff_ffff) &&
    typeof digest === 'string' &&
    /^[0-9a-f]{64}$/.test(digest) &&
    typeof salt === 'string' &&
    /^(?:[0-9a-f]{2}){8,64}$/.test(salt)
  );
}

function isIntegerWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isSecretId(id: string): id is SecretId {
  return /^secret-\d+$/.test(id);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
