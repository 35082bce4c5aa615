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
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** The head of a host's answer; its body streams. */
export interface UpstreamResponse {
  readonly kind: 'response';
  readonly status: number;
  /** Empty over HTTP/2. */
  readonly statusText: string;
  readonly fields: readonly HeaderField[];
  /** Ends with an error when the host breaks off. */
  readonly body: Readable;
  /** Complete once the body has ended. */
  readonly trailers: () => readonly HeaderField[];
}

/**
 * How one attempt went. `unsent` means that the host did not, and will not, act on the request, and that
 * nothing of its body was read: it may be sent again.
 */
export type Attempt = UpstreamResponse | Denial | { readonly kind: 'unsent' };
