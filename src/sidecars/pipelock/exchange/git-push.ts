import { findValues } from '../http/fields.ts';
import type { GuestRequest } from './guest-request.ts';

const service = 'git-receive-pack';
const readOnlyMethods = ['GET', 'HEAD', 'OPTIONS'];
/** What a text has that says the service's name, plain or encoded: almost every request ends here. */
const mayNameService = /pack|%/i;

/**
 * Whether a request is a part of a git push over HTTP: the question for the refs to push to, or the push itself.
 * SECURITY: in every reading a server may take of it: names and values decoded, also more than once, in any case, `+`
 * for a space, `;` between parameters, a parameter more than once.
 */
export function isGitPush({ method, path, query, fields }: GuestRequest): boolean {
  if (query !== null && asksForPush(query)) return true;
  if (findValues(fields, 'content-type').some((value) => value.toLowerCase().includes(`x-${service}`)))
    return true;
  // A page about the command may be read; nothing is pushed by reading.
  if (readOnlyMethods.includes(method)) return false;
  return mayNameService.test(path) && toLastSegment(path) === service;
}

function asksForPush(query: string): boolean {
  if (!mayNameService.test(query)) return false;
  return toPlain(query)
    .split(/[&;]/)
    .some((parameter) => {
      const [name = '', ...value] = parameter.split('=');
      return /^service(?:\[.*\])?$/.test(name.trim()) && value.join('=').includes('receive-pack');
    });
}

function toLastSegment(path: string): string {
  const segments = toPlain(path)
    .split('/')
    // What follows a parameter's mark, an encoded "?" or "#", or dots that some file systems drop, names no other file to some servers.
    .map((segment) => (segment.split(/[;?#]/, 1)[0] ?? '').replace(/[. ]+$/, '').trim());
  return segments.findLast((segment) => segment !== '') ?? '';
}

/** More often than any server decodes; without a bound a URL of nothing but escaped percent signs would keep us busy. */
const maxDecodings = 4;

/** Lower case, `+` as a space, percent escapes decoded, also those of escapes. */
function toPlain(text: string): string {
  let plain = text.replaceAll('+', ' ');
  for (let count = 0; count < maxDecodings && plain.includes('%'); count += 1) {
    plain = plain.replace(/%([0-9a-fA-F]{2})/g, (_found, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return plain.toLowerCase();
}
