import { compileGlob, type GlobStep, globMatches } from './path-glob.ts';

const visibleAscii = /^[\x21-\x7e]*$/;
const malformedEscape = /%(?![0-9a-fA-F]{2})/;
const encodedControl = /%(?:[01][0-9a-f]|7f)/i;
const backslash = /\\|%5c/i;
const doubleEncoded = /%25(?:25)*(?:2e|2f|5c|00|0a|0d)/i;
/** Overlong UTF-8, by which lax decoders read `.` and `/`. */
const overlongEscape = /%(?:c[01]|e0%[89]|f0%8)/i;

/** What a pattern may hold: the characters of a URL's path, percent escapes, and stars. */
const patternText = /^\/(?:[A-Za-z0-9\-._~!$&'()+,;=:@/*]|%[0-9a-fA-F]{2})*$/;
const maxPatternLength = 1024;

/** A pattern for the path as sent, and one for the path with its percent escapes decoded. */
interface CompiledPattern {
  readonly asSent: readonly GlobStep[];
  readonly decoded: readonly GlobStep[];
}

/** Patterns come from a manifest, so there are few; each is compiled once a process. */
const compiled = new Map<string, CompiledPattern>();

/**
 * Whether a text is a path pattern: starts with `/`, has no query and no `..`. `*` stands for a run of characters within a
 * segment, `**` for any run; three stars in a row are refused.
 */
export function isPathPattern(text: string): boolean {
  if (text.length > maxPatternLength || !patternText.test(text) || text.includes('***')) return false;
  return findPathAmbiguity(text) === null;
}

/**
 * Whether a path is one that a pattern allows, in every reading a server may take of it: as sent, decoded once, and with
 * empty segments dropped. A whole `**` segment may also be no segment. Linear in the path's length.
 * @param pattern one that {@link isPathPattern} accepts
 * @param path one that {@link findPathAmbiguity} accepts
 */
export function pathMatches(pattern: string, path: string): boolean {
  const steps = compile(pattern);
  if (!globMatches(steps.asSent, toUpperCaseEscapes(path))) return false;
  // SECURITY: `/public/..%2fadmin` and `/a//b` are other paths to some servers; a rule holds for those as well.
  const decoded = decodeEscapes(path);
  if (decoded !== path && !globMatches(steps.decoded, decoded)) return false;
  return !decoded.includes('//') || globMatches(steps.decoded, decoded.replace(/\/{2,}/g, '/'));
}

/**
 * Looks for what lets two programs read one path differently, so that a path may pass the rules as one thing and
 * reach the host as another. An encoded slash alone is fine: package registries use it in scoped names.
 * @param path the path as sent, from the first `/` to before `?`
 * @returns a plain reason, without any part of the path, or null when the path has one reading
 */
export function findPathAmbiguity(path: string): string | null {
  if (!path.startsWith('/')) return 'the path does not start with "/"';
  if (!visibleAscii.test(path)) return 'the path has a space, a control character or one outside ASCII';
  if (backslash.test(path)) return 'the path has a backslash';
  if (/[?#]/.test(path)) return 'the path has a "?" or "#"';
  if (malformedEscape.test(path)) return 'the path has a malformed percent escape';
  if (encodedControl.test(path)) return 'the path has an encoded control character';
  if (doubleEncoded.test(path)) return 'the path has a percent escape that is encoded twice';
  if (overlongEscape.test(path)) return 'the path has an escape that is not valid UTF-8';
  return hasDotSegment(path) ? 'the path has a "." or ".." segment' : null;
}

/** SECURITY: a segment ends at an encoded slash too, and for some servers at `;`: `..;x` and `a%2f..` climb as `..` does. */
function hasDotSegment(path: string): boolean {
  return decodeEscapes(path)
    .split('/')
    .map((segment) => segment.split(';', 1)[0])
    .some((name) => name === '.' || name === '..');
}

function compile(pattern: string): CompiledPattern {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const made = {
    asSent: compileGlob(pattern, toUpperCaseEscapes),
    decoded: compileGlob(pattern, decodeEscapes),
  };
  compiled.set(pattern, made);
  return made;
}

function toUpperCaseEscapes(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}/g, (found) => found.toUpperCase());
}

/** Decodes percent escapes once, a character a byte: paths and patterns are compared byte by byte. */
function decodeEscapes(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_found, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
