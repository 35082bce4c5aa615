/**
 * Writes control and formatting characters as escapes, so that no text of a manifest can write to the terminal or hide
 * a part of itself.
 */
export function toVisibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
