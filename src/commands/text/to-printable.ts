/**
 * Control characters, those that reorder or hide text, and those that are seen as nothing at all: a terminal obeys them, and
 * a page too. Guests and daemons write what is shown by us, so none may reach either as itself. A fourth mark upon one
 * letter is among them: piled up, marks are drawn over the lines above and below.
 */
const unprintable =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]|(?<=\p{M}{3})\p{M}/gu;

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
