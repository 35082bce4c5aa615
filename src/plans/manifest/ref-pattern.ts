const maxPatternLength = 256;
/** Git's own rules leave more; what is left out here has a meaning in refspecs, in revisions or for a shell. */
const partText = /^[A-Za-z0-9_*][A-Za-z0-9._@+#=,%!&*-]*$/;

/**
 * Whether a text is a pattern of refs that may be pushed: branches (`agent/*`), or in full `refs/heads/...` and
 * `refs/tags/...`. `*` stands for a run of characters within one part of a name, `**` for any run.
 */
export function isRefPattern(text: string): boolean {
  if (text.length > maxPatternLength || text.includes('***') || text.includes('..') || text === 'HEAD')
    return false;
  const parts = text.split('/');
  if (!parts.every((part) => partText.test(part) && !part.endsWith('.') && !part.endsWith('.lock')))
    return false;
  // SECURITY: what is no branch and no tag (notes, replacements, a host's own refs) is never pushed.
  return parts[0] !== 'refs' || (parts.length > 2 && (parts[1] === 'heads' || parts[1] === 'tags'));
}
