/** As `src/commands/text/to-printable.ts`, but the line ends that JSON is laid out with. */
const unprintable = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * SECURITY: JSON that is safe to print and still means the same: characters that a terminal would obey, which JSON lets stand in
 * a string, are written as its own escapes.
 * @param indent blanks a level; 0 for one line
 */
export function toPrintableJson(value: unknown, indent: number): string {
  return JSON.stringify(value, null, indent).replaceAll(unprintable, (character) =>
    Array.from(character.split(''), toEscape).join(''),
  );
}

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
