/** A header field as it was or will be written; the order is kept. */
export type HeaderField = readonly [name: string, value: string];

/** Fields that concern one connection only (RFC 9110, 7.6.1) or that egress states itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
]);

/** Where clients put credentials, besides the route's own place. */
const credentialFields = new Set([
  'authorization',
  'cookie',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-auth-token',
  'private-token',
]);

/** Pairs of Node's flat `rawHeaders`. */
export function toFields(rawHeaders: readonly string[]): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    fields.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return fields;
}

/** The opposite of {@link toFields}. */
export function toRawHeaders(fields: readonly HeaderField[]): string[] {
  return fields.flat();
}

/** All values of a field, in order. */
export function valuesOf(fields: readonly HeaderField[], name: string): readonly string[] {
  return fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

/**
 * What of a message's fields goes on to the other side: neither what concerns this connection only, nor
 * `Proxy-*`, nor `X-Bottle-*`, which only bottle itself may say.
 */
export function toEndToEnd(fields: readonly HeaderField[]): readonly HeaderField[] {
  const named = valuesOf(fields, 'connection').flatMap((value) =>
    value.split(',').map((part) => part.trim().toLowerCase()),
  );
  return fields.filter(([name]) => {
    const field = name.toLowerCase();
    // SECURITY: a host must not be able to speak in bottle's name, nor the guest to a proxy behind us.
    if (field.startsWith('x-bottle-') || field.startsWith('proxy-')) return false;
    return !hopByHop.has(field) && (!named.includes(field) || field === 'content-length');
  });
}

/**
 * Takes out every credential the guest may have sent on a route that has its own: the usual fields, cookies
 * (a session is a credential too) and the route's own field. `_` counts as `-`, for many servers do not
 * tell them apart. `Range` goes too: by asking for an echo in pieces a guest could read a credential past
 * the masking; a server then sends the whole.
 */
export function withoutCredentials(
  fields: readonly HeaderField[],
  ownField: string | null,
): readonly HeaderField[] {
  const own = ownField === null ? null : toComparable(ownField);
  return fields.filter(([name]) => {
    const field = toComparable(name);
    return !credentialFields.has(field) && field !== own && field !== 'range' && field !== 'if-range';
  });
}

function toComparable(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
