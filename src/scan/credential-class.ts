/**
 * A kind of credential that is known by its form and not by its value. Bytes are read as Latin-1 text, one
 * character a byte.
 */
export interface CredentialClass {
  /** Stable id, as refusals and exemptions name it: `github-token`. */
  readonly rule: string;
  /** What a sentence calls it: `a GitHub token`. */
  readonly name: string;
  /** Literal texts of which every match begins with one: what is looked for in all bytes. */
  readonly literals: readonly string[];
  /**
   * The whole form, from its literal on. Sticky, and bounded: it reads at most {@link maxFormBytes} ahead and
   * {@link maxContextBytes} back, so that a scan stays linear and a stream can be cut anywhere.
   */
  readonly form: RegExp;
  /** What a form cannot say, such as a checksum; without it the form alone decides. */
  readonly accepts?: (match: RegExpExecArray) => boolean;
}

/** How far ahead of its first byte a form may read, the byte after it included. */
export const maxFormBytes = 1024;

/** How far before its first byte a form may look. */
export const maxContextBytes = 32;
