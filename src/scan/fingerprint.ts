import { createHash } from 'node:crypto';
import { encodeSecret, type SecretEncoding } from './encodings.ts';
import { createWindowHash, hashWindow, toDataView, windowBytes } from './window-hash.ts';

/**
 * A one-way mark by which a known secret is recognised in what the guest sends, in one encoding. It
 * holds no part of the value, so that the process the guest can reach has no token to lose.
 */
export interface SecretFingerprint {
  /** Which secret, for the log and the refusal: a name such as `ANTHROPIC_API_KEY`, never the value. */
  readonly label: string;
  readonly encoding: SecretEncoding;
  /** Length in bytes of the encoded form that is looked for. */
  readonly length: number;
  /** Length in bytes of the prefix that `rolling` is the hash of: 8. */
  readonly window: number;
  /** The prefix's hash, which is taken at every place of a text: an unsigned 32-bit number. */
  readonly rolling: number;
  /** SHA-256 of salt and the whole encoded form, hexadecimal. */
  readonly digest: string;
  /** Hexadecimal; drawn per launch. */
  readonly salt: string;
}

/** A secret's value and the name it goes by in logs and refusals. */
export interface LabelledSecret {
  readonly label: string;
  readonly value: string;
}

export interface FingerprintSet {
  readonly fingerprints: readonly SecretFingerprint[];
  /** Labels of secrets too short to be told from ordinary text; the caller warns of them. */
  readonly unscannable: readonly string[];
}

/** Shorter values occur in ordinary text: looking for them would refuse honest requests. */
const minSecretBytes = 8;

/**
 * Makes the marks of all secrets in every encoding the scanner knows.
 * @param salt hexadecimal, drawn per launch, at least 16 digits
 */
export function createFingerprints(secrets: readonly LabelledSecret[], salt: string): FingerprintSet {
  const scannable = secrets.filter((secret) => Buffer.byteLength(secret.value) >= minSecretBytes);
  const hash = createWindowHash(salt);
  return {
    fingerprints: scannable.flatMap(({ label, value }) =>
      encodeSecret(value).map(({ encoding, bytes }) => {
        const rolling = hashWindow(hash, toDataView(bytes), 0) >>> 0;
        const digest = toDigest(salt, bytes);
        return { label, encoding, length: bytes.length, window: windowBytes, rolling, digest, salt };
      }),
    ),
    unscannable: secrets.filter((secret) => !scannable.includes(secret)).map((secret) => secret.label),
  };
}

/** The digest a candidate must have: SHA-256 of salt and bytes, hexadecimal. */
export function toDigest(salt: string, bytes: Uint8Array): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(bytes).digest('hex');
}
