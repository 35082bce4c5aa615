/** Below this, a text is a pattern somebody typed: `xxxxxxxx`, `00000000`. */
const minDistinctCharacters = 7;

const sequences = ['abcdefgh', '12345678', '01234567', 'qwertyui'];
const words = ['example', 'xxxx', 'your', 'placeholder', 'redacted', 'changeme', 'dummy', '****', '....'];

/**
 * Whether the random part of a token was typed by a person as an example. A random text of 16 characters
 * or more looks like that once in many thousands.
 */
export function isPlaceholder(body: string): boolean {
  if (new Set(body).size < minDistinctCharacters) return true;
  const lower = body.toLowerCase();
  return sequences.some((text) => lower.includes(text)) || words.some((text) => lower.includes(text));
}
