import { addAbortSignal, type Readable } from 'node:stream';
import type { SecretId } from '../../plans/secret-reference.ts';
import { isSecretId } from '../daemon/secret-ids.ts';
import { isRecord } from '../daemon/strict-json.ts';

const maxLineBytes = 4 * 1024 * 1024;

/**
 * Reads the one line that launch writes to init's standard input and closes the stream, so that nothing
 * that happens to it later matters. The bytes are overwritten once they are read.
 * @throws Error when `signal` aborts, the stream ends before a line end, the line is longer than 4 MiB, or it
 *   does not hold a value with content for exactly the `wanted` ids. SECURITY: no message quotes the line.
 */
export async function readBundleSecrets(
  stdin: Readable,
  wanted: readonly SecretId[],
  signal: AbortSignal,
): Promise<Readonly<Record<SecretId, string>>> {
  const chunks: Buffer[] = [];
  try {
    return parseBundleSecrets(await readLine(addAbortSignal(signal, stdin), chunks), wanted);
  } finally {
    for (const chunk of chunks) chunk.fill(0);
    stdin.destroy();
  }
}

async function readLine(stdin: Readable, chunks: Buffer[]): Promise<string> {
  let size = 0;
  for await (const chunk of stdin) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), 'utf8');
    chunks.push(bytes);
    const end = bytes.indexOf(0x0a);
    size += end === -1 ? bytes.length : end;
    if (size > maxLineBytes) throw new Error(`the secrets line is longer than ${maxLineBytes} bytes`);
    if (end === -1) continue;
    const line = Buffer.concat(chunks, size);
    const text = line.toString('utf8');
    line.fill(0);
    return text;
  }
  throw new Error('standard input ended before the secrets line');
}

/**
 * Makes the secrets from the line's text.
 * @throws Error as {@link readBundleSecrets} does.
 */
function parseBundleSecrets(text: string, wanted: readonly SecretId[]): Readonly<Record<SecretId, string>> {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    // The parser's own message quotes its input.
    throw new Error('the secrets line is not JSON');
  }
  if (!isRecord(line) || Object.keys(line).join() !== 'secrets' || !isRecord(line.secrets)) {
    throw new Error('the secrets line is not an object with the one key "secrets"');
  }
  const secrets: Record<SecretId, string> = {};
  for (const [id, value] of Object.entries(line.secrets)) {
    if (!isSecretId(id) || !wanted.includes(id))
      throw new Error('the secrets line has a secret no daemon asked for');
    if (typeof value !== 'string' || value === '')
      throw new Error(`the value of ${id} is not a string with content`);
    secrets[id] = value;
  }
  const missing = wanted.find((id) => secrets[id] === undefined);
  if (missing !== undefined) throw new Error(`the secrets line lacks ${missing}`);
  return secrets;
}
