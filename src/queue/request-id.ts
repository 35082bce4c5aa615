import { invalid } from './queue-fields.ts';
import type { RequestId } from './request.ts';

const pattern = /^req-[0-9a-f]{8}$/;

/** Whether a text is a request's id. */
export function isRequestId(text: unknown): text is RequestId {
  return typeof text === 'string' && pattern.test(text);
}

/** @throws BottleError `request-invalid` */
export function parseRequestId(value: unknown, at: string): RequestId {
  if (!isRequestId(value)) throw invalid(`${at} must be "req-" and 8 hexadecimal digits`);
  return value;
}

/** The name of a request's file and of its decision's: `req-0a1b2c3d.json`. */
export function toFileName(id: RequestId): string {
  return `${id}.json`;
}

/**
 * The request that a file is of, by its name. Null for what has no place in the queue, and for a name with a dot first:
 * that is a file somebody is still writing, which a reader skips without a word ({@link isUnfinishedFile}).
 */
export function fromFileName(name: string): RequestId | null {
  const id = name.slice(0, -'.json'.length);
  return name.endsWith('.json') && isRequestId(id) ? id : null;
}

/** Whether a file is one that is still being written; it gets its real name when it is whole. */
export function isUnfinishedFile(name: string): boolean {
  return name.startsWith('.');
}
