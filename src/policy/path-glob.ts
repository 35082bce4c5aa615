const star = Symbol('*');
const globstar = Symbol('**');
/** Stands before {@link segments}: there may be none. */
const optional = Symbol('?');
const segments = Symbol('**/');

/** A character; `*`: any run without `/`; `**`: any run; or, for a `**` that is a whole segment: any run that ends with `/`, or nothing. */
export type GlobStep = string | typeof star | typeof globstar | typeof optional | typeof segments;

/**
 * Compiles a glob.
 * @param toLiteral applied to the text between the stars, so that what it decodes to is never read as a star
 */
export function compileGlob(glob: string, toLiteral: (text: string) => string): readonly GlobStep[] {
  return glob.split(/((?<=\/)\*\*\/|\*{1,2})/).flatMap((part): readonly GlobStep[] => {
    if (part === '*') return [star];
    if (part === '**') return [globstar];
    if (part === '**/') return [optional, segments];
    return [...toLiteral(part)];
  });
}

/**
 * Whether a text is one that a glob names, whole. All ways through the glob are followed side by side, so that the time is in
 * proportion to the text's length and no text makes it go back.
 */
export function globMatches(steps: readonly GlobStep[], text: string): boolean {
  let at = reach(steps, [0]);
  for (const char of text) {
    const next: number[] = [];
    for (const index of at) {
      const step = steps[index];
      const stays = step === globstar || step === segments || (step === star && char !== '/');
      if (stays) next.push(index);
      if (step === char || (step === segments && char === '/')) next.push(index + 1);
    }
    if (next.length === 0) return false;
    at = reach(steps, next);
  }
  return at.has(steps.length);
}

/** Adds what is reached without reading a character. */
function reach(steps: readonly GlobStep[], from: readonly number[]): ReadonlySet<number> {
  const reached = new Set(from);
  for (const index of reached) {
    const step = steps[index];
    if (step === star || step === globstar || step === optional) reached.add(index + 1);
    if (step === optional) reached.add(index + 2);
  }
  return reached;
}
