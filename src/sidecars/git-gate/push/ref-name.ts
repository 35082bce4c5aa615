const maxLength = 255;
/** What git forbids, and what a reader cannot see or takes for something else. */
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zs}\p{Zl}\p{Zp}\ufffd~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u;

/**
 * Says what is wrong with the full name of a ref that a guest wants to push, or null. Stricter than git: only branches and
 * tags, and no part that a command could take for an option.
 * @returns the rest of a sentence, quoting nothing
 */
export function findRefNameFault(ref: string): string | null {
  const name = /^refs\/(?:heads|tags)\/(?<name>.+)$/su.exec(ref)?.groups?.name;
  // SECURITY: HEAD, symbolic refs, refs/replace, refs/notes and the like change what other names mean, or hide objects.
  if (name === undefined) return 'is neither a branch nor a tag, and the gate takes nothing else';
  if (ref.length > maxLength) return `is longer than ${maxLength} characters`;
  if (forbidden.test(ref)) return 'has a character that no name of a ref may have';
  const parts = name.split('/');
  if (parts.some((part) => part.startsWith('-'))) return 'has a part that begins with "-", as an option does';
  if (parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'))) {
    return 'is no valid name of a ref';
  }
  if (parts.at(-1) === 'HEAD' || name === '@') return 'could be taken for HEAD';
  return null;
}
