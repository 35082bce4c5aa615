import type { Readable } from 'node:stream';
import type { Denial } from './denial.ts';
import type { Origin } from './dial.ts';
import type { HeaderField } from './headers.ts';

/** A request as it goes to the host: everything in it is decided. */
export interface UpstreamRequest {
  readonly origin: Origin;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** `host[:port]`. */
  readonly authority: string;
  readonly fields: readonly HeaderField[];
  /** Null where there is none. */
  readonly body: Readable | null;
  /** Aborted when the client goes away or the route is revoked: then nothing more is sent, nor anything begun. */
  readonly signal: AbortSignal;
}

/** The head of a host's answer; its body streams. */
export interface UpstreamResponse {
  readonly kind: 'response';
  readonly status: number;
  /** Empty over HTTP/2. */
  readonly statusText: string;
  readonly fields: readonly HeaderField[];
  readonly body: Readable;
  /** Once the body has ended: whether the host sent all of it, or broke off. */
  readonly isWhole: () => boolean;
  /** Complete once the body has ended. */
  readonly trailers: () => readonly HeaderField[];
}

/**
 * How one attempt went. `unsent` means that it may be made again: it had no body, and the host said that it did
 * not act on it, or the connection was lost and the method is one that may be repeated.
 */
export type Attempt = UpstreamResponse | Denial | { readonly kind: 'unsent' };

/** Whether a request may be sent again when its connection is lost before an answer (RFC 9110, 9.2.2). */
export function isRepeatable(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
