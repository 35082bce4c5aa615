/**
 * Control characters, and those that reorder or hide text: a terminal obeys them. Guests and daemons write what is
 * shown by us, so none may reach the terminal as itself.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * SECURITY: text from a guest, an image or a daemon, safe to print: what a terminal would obey is shown as its
 * escape (`\u001b`). With `lines`, line ends and tabs stay.
 */
export function toPrintable(text: string, options: { readonly lines: boolean } = { lines: false }): string {
  return text.replaceAll(unprintable, (character) => {
    if (options.lines && (character === '\n' || character === '\t')) return character;
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
