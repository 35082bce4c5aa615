import type { FindingPlace } from './finding.ts';

/** Where a line of a raw commit lies: which of its parts, and on which line of that part. */
export interface RawPlace {
  readonly place: FindingPlace;
  /** From 1; null where the part is one line. */
  readonly line: number | null;
}

const places: Readonly<Record<string, FindingPlace>> = { author: 'author', committer: 'committer' };

/**
 * The part of a raw commit that a line belongs to. Before the first empty line are headers, one a line,
 * each continued by lines that begin with a blank; behind it is the message.
 * @param head the commit's first bytes
 * @param line from 1
 */
export function toRawPlace(head: Buffer, line: number | null): RawPlace {
  if (line === null) return { place: 'message', line };
  const end = head.indexOf('\n\n');
  const headers = (end === -1 ? head : head.subarray(0, end)).toString('latin1').split('\n');
  if (line > headers.length + 1) return { place: 'message', line: line - headers.length - 1 };
  const name = headers.slice(0, line).findLast((header) => !header.startsWith(' ')) ?? '';
  const place = places[name.slice(0, name.indexOf(' '))];
  return place === undefined ? { place: 'commit-header', line } : { place, line: null };
}
