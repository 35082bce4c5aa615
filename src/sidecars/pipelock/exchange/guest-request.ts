import type { RequestTarget } from '../../../policy/request-rule.ts';
import { toUrlHost } from '../http/authority.ts';
import type { Field } from '../http/fields.ts';
import type { Framing } from '../http/framing.ts';
import { defaultPort } from '../http/request-target.ts';
import type { ByteSource } from '../streams/byte-source.ts';

/** One request of the guest, after strict parsing, whatever HTTP version it came in. */
export interface GuestRequest extends RequestTarget {
  readonly version: '1.0' | '1.1' | '2';
  readonly query: string | null;
  /** The host as the guest wrote it, for the scan: case is data too. */
  readonly writtenHost: string;
  /** All fields but `Host`, `Cookie` joined to one. */
  readonly fields: readonly Field[];
  readonly framing: Exclude<Framing, { readonly kind: 'close' }>;
  /** Whether the guest waits for `100 Continue`. */
  readonly expectsContinue: boolean;
  /** The guest's key, where it asks for a WebSocket. */
  readonly webSocketKey: string | null;
}

/** Where the body of an answer ends, as the guest is to be told. `streamed`: no length is known. */
export type AnswerFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'streamed' };

/** The way back to the guest for one request. Every method may be called after the guest has left. */
export interface Answer {
  /** Whether a final head was written. */
  readonly started: boolean;
  /** Calls back when the guest has left; returns how to take that back. */
  onGone(listener: () => void): () => void;
  /** Whether the guest may send another request behind this one; only before `start`. */
  closeAfter(): void;
  interim(status: number, fields: readonly Field[]): void;
  start(status: number, reason: string, fields: readonly Field[], framing: AnswerFraming): void;
  /** @throws Error when the guest left or takes nothing for the idle time */
  write(bytes: Buffer): Promise<void> | undefined;
  end(trailers: readonly Field[]): void;
  /** Breaks the answer off, so that the guest cannot take it for whole. */
  abort(): void;
  /** Leaves HTTP: writes the 101 head and hands over the bare stream; null where the version has no such thing. */
  readonly upgrade: ((fields: readonly Field[]) => GuestPipe) | null;
}

/** The guest's connection once it speaks something else than HTTP. */
export interface GuestPipe {
  readonly source: ByteSource;
  write(bytes: Buffer): Promise<void> | undefined;
  end(): void;
}

/** `host` or `host:port`, without the scheme's own port. */
export function toHostField({ scheme, host, port }: RequestTarget): string {
  return port === defaultPort(scheme) ? toUrlHost(host) : `${toUrlHost(host)}:${port}`;
}

/** The request's URL in absolute form, as egress gets it. */
export function toUrl(request: GuestRequest): string {
  return `${request.scheme}://${toHostField(request)}${toPathAndQuery(request)}`;
}

export function toPathAndQuery({ path, query }: GuestRequest): string {
  return query === null ? path : `${path}?${query}`;
}
