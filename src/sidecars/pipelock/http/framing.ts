import { type Field, findValues } from './fields.ts';
import { type Malformed, malformed } from './head-lines.ts';

/** Where a message's body ends. `close`: at the connection's end, for responses only. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

export type HttpVersion = '1.0' | '1.1';

/**
 * SECURITY: one way to tell where a body ends, or no message: `Content-Length` beside `Transfer-Encoding`, more than
 * one of either, odd numbers and unknown codings are how requests are smuggled (RFC 9112, 11.2).
 */
export function parseFraming(fields: readonly Field[], version: HttpVersion): Framing | Malformed {
  const lengths = findValues(fields, 'content-length');
  const codings = findValues(fields, 'transfer-encoding');
  if (codings.length > 0) {
    if (lengths.length > 0) return malformed('it has both Content-Length and Transfer-Encoding');
    if (version === '1.0') return malformed('it has a Transfer-Encoding, which HTTP/1.0 does not know');
    if (codings.length > 1) return malformed('it has more than one Transfer-Encoding');
    if (codings[0]?.toLowerCase() !== 'chunked') return malformed('its Transfer-Encoding is not "chunked"');
    return { kind: 'chunked' };
  }
  const [text] = lengths;
  if (text === undefined) return { kind: 'none' };
  if (lengths.length > 1) return malformed('it has more than one Content-Length');
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return malformed('its Content-Length is no plain number');
  return text === '0' ? { kind: 'none' } : { kind: 'length', length: Number(text) };
}
