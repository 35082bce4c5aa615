import type { Readable } from 'node:stream';
import type { SecretId } from '../../plans/secret-reference.ts';
import type { SecretFingerprint } from '../../scan/fingerprint.ts';
import type { DaemonSecretsLine, RefusalLine } from '../protocol.ts';
import { createLineSplitter } from './line-splitter.ts';
import { maxRefusalBytes, parseRefusalLine } from './refusal-line.ts';
import { isRecord } from './strict-json.ts';

/** Far above what a bottle's secrets need, far below what hurts. */
const maxLineBytes = 8 * 1024 * 1024;

/**
 * Reads the one line that init writes to a daemon's standard input, and lets go of the stream.
 * @throws Error when the stream ends before a line end, when the line is longer than 8 MiB, or when it is
 *   not a {@link DaemonSecretsLine}; the message never quotes the line.
 */
export async function readSecretsLine(stdin: Readable): Promise<DaemonSecretsLine> {
  try {
    return parseSecretsLine(await readFirstLine(stdin));
  } finally {
    stdin.destroy();
  }
}

/**
 * Reads the secrets line of a daemon that hears refusals, and from then on each refusal of the others. A line that is no
 * {@link RefusalLine} is passed over: whoever wrote it speaks of nothing that happened.
 * @throws Error as {@link readSecretsLine} does
 */
export async function readSecretsAndRefusals(
  stdin: Readable,
  onRefusal: (refusal: RefusalLine) => void,
): Promise<DaemonSecretsLine> {
  const secrets = parseSecretsLine(await readFirstLine(stdin));
  const lines = createLineSplitter(maxRefusalBytes, (line, cut) => {
    const refusal = cut ? null : parseRefusalLine(line.toString('utf8'));
    if (refusal !== null) onRefusal(refusal);
  });
  stdin.on('data', lines.push);
  stdin.resume();
  return secrets;
}

/** The stream's text to its first line end; what came behind it is put back, and the stream is paused. */
function readFirstLine(stdin: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer | string): void => {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, 'utf8');
    const lineEnd = bytes.indexOf(0x0a);
    const part = lineEnd === -1 ? bytes : bytes.subarray(0, lineEnd);
    size += part.length;
    chunks.push(part);
    if (size > maxLineBytes) {
      letGo();
      reject(new Error(`the secrets line is longer than ${maxLineBytes} bytes`));
    } else if (lineEnd !== -1) {
      letGo();
      if (lineEnd + 1 < bytes.length) stdin.unshift(bytes.subarray(lineEnd + 1));
      resolve(Buffer.concat(chunks).toString('utf8'));
    }
  };
  const onEnd = (): void => reject(new Error('standard input ended before the secrets line'));
  const letGo = (): void => {
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
    stdin.pause();
  };
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  return promise;
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
