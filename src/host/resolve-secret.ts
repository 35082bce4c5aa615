import { open } from 'node:fs/promises';
import { BottleError } from '../errors.ts';
import type { SecretReference } from '../plans/secret-reference.ts';
import { parseKeyFile } from './key-file.ts';
import { runProgram } from './run-program.ts';

const maxSecretBytes = 64 * 1024;
/** A password manager may ask the operator for a touch or a passphrase. */
const commandTimeoutMs = 120_000;

export interface SecretSurroundings {
  /** The operator's environment: `env` references read it, and commands run in it, as the operator's own would. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/**
 * Makes the one function that reads secrets' values.
 * SECURITY: its errors name the reference, and quote neither the value nor what a command printed.
 * @throws BottleError `secret-missing` from the function, where a reference leads to no value
 */
export function createSecretResolver(
  surroundings: SecretSurroundings,
): (reference: SecretReference) => Promise<string> {
  return async (reference) => {
    const value = await readReference(reference, surroundings);
    if (value === '') throw missing(reference, 'is empty');
    if (Buffer.byteLength(value) > maxSecretBytes)
      throw missing(reference, `has more than ${maxSecretBytes} bytes`);
    return value;
  };
}

async function readReference(
  reference: SecretReference,
  { env, signal }: SecretSurroundings,
): Promise<string> {
  switch (reference.kind) {
    case 'env': {
      const value = env[reference.name];
      if (value === undefined) throw missing(reference, 'is not set');
      return value;
    }
    case 'file':
      return toFirstLine(await readStart(reference));
    case 'key-file':
      return readKey(reference);
    case 'command': {
      const { argv } = reference;
      const limits = { timeoutMs: commandTimeoutMs, maxOutputBytes: maxSecretBytes };
      const result = await runProgram({ argv, env, ...limits, ...(signal === undefined ? {} : { signal }) });
      if (result.kind !== 'ended') throw missing(reference, toFailureWords(result));
      if (result.status !== 0) throw missing(reference, `ended with status ${result.status}`);
      return toFirstLine(result.stdout);
    }
  }
}

async function readKey(reference: SecretReference & { kind: 'key-file' }): Promise<string> {
  const key = parseKeyFile(await readStart(reference));
  if (key.kind === 'refused') throw missing(reference, key.problem);
  return key.text;
}

/** Reads no more than a secret can have, so that a reference to a huge or endless file ends too. */
async function readStart(reference: SecretReference & { kind: 'file' | 'key-file' }): Promise<string> {
  try {
    await using file = await open(reference.path, 'r');
    const stats = await file.stat();
    if (!stats.isFile() && !stats.isFIFO()) throw missing(reference, 'is not a file');
    // SECURITY: as ssh has it: a key that others can read is no proof of anything.
    if (reference.kind === 'key-file' && (stats.mode & 0o077) !== 0) throw openToOthers(reference.path);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(maxSecretBytes + 2), 0, maxSecretBytes + 2);
    const text = buffer.toString('utf8', 0, bytesRead);
    buffer.fill(0);
    return text;
  } catch (error) {
    if (error instanceof BottleError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw missing(reference, code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`);
  }
}

function toFirstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}

function toFailureWords(result: { readonly kind: string; readonly reason?: string }): string {
  switch (result.kind) {
    case 'timed-out':
      return `did not end within ${commandTimeoutMs / 1000} s`;
    case 'too-much-output':
      return `printed more than ${maxSecretBytes} bytes`;
    case 'not-started':
      return `cannot be run (${result.reason})`;
    default:
      return 'was killed';
  }
}

function missing(reference: SecretReference, problem: string): BottleError {
  return new BottleError('secret-missing', `The secret from ${toReferenceWords(reference)} ${problem}.`);
}

function openToOthers(path: string): BottleError {
  return new BottleError('secret-missing', `The key ${path} can be read by other users of this host.`, {
    hint: `Close it with "chmod 600 ${path}", and consider whether somebody has read it.`,
  });
}

/** SECURITY: of a command only the program's name, since its arguments may hold what should not be shown. */
function toReferenceWords(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `the environment variable ${reference.name}`;
    case 'file':
      return `the file ${reference.path}`;
    case 'key-file':
      return `the key ${reference.path}`;
    case 'command':
      return `the command "${reference.argv[0] ?? ''}"`;
  }
}
