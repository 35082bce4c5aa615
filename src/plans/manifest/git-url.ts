import { isIPv6 } from 'node:net';
import { parseHostName } from '../../policy/host-pattern.ts';

/** Where a remote's repository is, as its URL says. */
export type GitPlace =
  | {
      readonly kind: 'ssh';
      readonly user: string;
      readonly host: string;
      readonly port: number;
      readonly path: string;
    }
  | { readonly kind: 'https'; readonly host: string; readonly port: number; readonly path: string };

/** A URL that was understood, or why it was not, as the rest of a sentence. */
export type ParsedGitUrl = GitPlace | { readonly kind: 'refused'; readonly problem: string };

const maxUrlLength = 1024;
const visibleAscii = /^[\x21-\x7e]+$/;
/** SECURITY: what ssh, a server's shell or a URL's reader could take for something else than a part of a path. */
const pathText = /^[A-Za-z0-9._~+@/-]+$/;
const userText = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

const schemeProblems: ReadonlyMap<string, string> = new Map([
  ['http', 'goes in the clear: write it with https or ssh'],
  ['git', 'does not prove which server answers: write it with https or ssh'],
  ['file', 'is a place on this machine, which the gate cannot reach: a remote is on another host'],
]);

/**
 * Parses the URL of a remote: `https://host/path`, `ssh://user@host/path` or `user@host:path`.
 * SECURITY: whatever git would read as an option, as a helper to run or as a place on this machine is refused here.
 */
export function parseGitUrl(text: string): ParsedGitUrl {
  const problem = findTextProblem(text);
  if (problem !== null) return refused(problem);
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined) return parseScpLike(text);
  switch (scheme) {
    case 'ssh':
      return parseSsh(rest);
    case 'https':
      return parseHttps(rest);
    default:
      return refused(
        schemeProblems.get(scheme) ?? 'is of no kind the gate speaks: write it with https or ssh',
      );
  }
}

function findTextProblem(text: string): string | null {
  if (text.length > maxUrlLength) return `has more than ${maxUrlLength} characters`;
  if (!visibleAscii.test(text)) return 'has a space, a control character or one outside ASCII';
  if (text.startsWith('-')) return 'starts with "-", which git would take for an option';
  if (/^[^/@:]*::/.test(text)) return 'names a helper for git to run: write it with https or ssh';
  return /[?#]/.test(text) ? 'has a query or a fragment' : null;
}

/** `user@host:path`; with a slash before the colon git takes it for a folder, and so do we. */
function parseScpLike(text: string): ParsedGitUrl {
  const [, user, host, path] = /^(?:([^@/:]*)@)?(\[[^\]/]*\]|[^:/[\]@]*):(.*)$/.exec(text) ?? [];
  if (host === undefined || path === undefined) {
    return refused('is not a URL such as "https://host/owner/repository" or "git@host:owner/repository"');
  }
  if (user === undefined) return refused('does not say as whom: write "git@host:owner/repository"');
  return toPlace({ kind: 'ssh', user, host, port: 22, path });
}

function parseSsh(rest: string): ParsedGitUrl {
  const [, user, authority, path] = /^(?:([^@/]*)@)?([^/]*)\/(.*)$/.exec(rest) ?? [];
  if (authority === undefined || path === undefined) return refused('names no repository');
  if (user === undefined) return refused('does not say as whom: write "ssh://git@host/owner/repository"');
  if (user.includes(':'))
    return refused('has a password in it; the gate proves itself with the key of "identity"');
  const { host, port } = splitPort(authority, 22);
  // Git asks for what is below a home without the slash before it.
  return toPlace({ kind: 'ssh', user, host, port, path: path.startsWith('~') ? path : `/${path}` });
}

function parseHttps(rest: string): ParsedGitUrl {
  const [, authority, path] = /^([^/]*)\/(.*)$/.exec(rest) ?? [];
  if (authority === undefined || path === undefined) return refused('names no repository');
  // SECURITY: a manifest holds no secret, and neither does what the guest and the logs see of it.
  if (authority.includes('@')) return refused('has a user in it: use "token" and "username"');
  const { host, port } = splitPort(authority, 443);
  return toPlace({ kind: 'https', host, port, path: `/${path.replace(/\/+$/, '')}` });
}

function splitPort(authority: string, usual: number): { readonly host: string; readonly port: number } {
  const [, host = '', digits] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/.exec(authority) ?? [];
  return { host, port: digits === undefined ? usual : Number(digits) };
}

function toPlace(place: GitPlace): ParsedGitUrl {
  const host = parseHost(place.host);
  if (host === null) return refused('has no name of a host in it that has one reading only');
  if (place.port < 1 || place.port > 65_535) return refused('has a port that is none');
  if (place.kind === 'ssh' && !userText.test(place.user)) return refused('has a user that is no plain name');
  const problem = findPathProblem(place);
  return problem === null ? { ...place, host } : refused(problem);
}

/** In brackets only what needs them: an IPv6 address. */
function parseHost(text: string): string | null {
  const [, inner] = /^\[(.*)\]$/.exec(text) ?? [];
  if (inner !== undefined) return isIPv6(inner) ? parseHostName(inner) : null;
  // An underscore is for names that are no hosts'.
  return /[:_]/.test(text) ? null : parseHostName(text);
}

function findPathProblem({ kind, path }: GitPlace): string | null {
  const parts = path.replace(/^\/|\/$/g, '').split('/');
  if (parts.join('') === '' || /^(?:\.git)?$/.test(parts.at(-1) ?? '')) return 'names no repository';
  // A space is all that some hosts have in their paths besides.
  const plain = kind === 'https' ? path.replaceAll('%20', '+') : path;
  if (!pathText.test(plain)) return 'has a path with more than letters, digits and "._~+@-"';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'has a path with an empty part, "." or ".."';
  }
  if (parts[0]?.startsWith('-') === true) {
    return 'has a path that starts with "-", which git would take for an option';
  }
  return /^[A-Za-z0-9/~]/.test(path) ? null : 'has a path that does not start with a letter or a digit';
}

function refused(problem: string): ParsedGitUrl {
  return { kind: 'refused', problem };
}
