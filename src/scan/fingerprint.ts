/**
 * A one-way mark by which a known secret is recognised in what the guest sends, in one encoding. It
 * holds no part of the value, so that the process the guest can reach has no token to lose.
 */
export interface SecretFingerprint {
  /** Which secret, for the log and the refusal: a name such as `ANTHROPIC_API_KEY`, never the value. */
  readonly label: string;
  readonly encoding: 'raw' | 'base64' | 'base64url' | 'hex' | 'url';
  /** Length in bytes of the encoded form that is looked for. */
  readonly length: number;
  /** Length in bytes of the prefix the rolling hash covers, at most `length`. */
  readonly window: number;
  /** Rolling hash of the prefix, an unsigned 32-bit number. */
  readonly rolling: number;
  /** SHA-256 of salt and the whole encoded form, hexadecimal. */
  readonly digest: string;
  /** Hexadecimal; drawn per launch. */
  readonly salt: string;
}
