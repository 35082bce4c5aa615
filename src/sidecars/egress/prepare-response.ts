import type { Transform } from 'node:stream';
import { createDecoder } from './decode-body.ts';
import { type Denial, fail } from './denial.ts';
import { type HeaderField, toEndToEnd, valuesOf } from './headers.ts';
import { createMaskStream, maskText } from './masker.ts';
import type { RouteCredential } from './route-credential.ts';
import type { UpstreamResponse } from './upstream.ts';

/** A host's answer as the guest gets it. */
export interface PreparedResponse {
  readonly kind: 'prepared';
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly HeaderField[];
  /** Streams the body goes through, in order. */
  readonly stages: readonly Transform[];
  /** Trailers, once the body has ended. */
  readonly trailers: () => readonly HeaderField[];
}

/**
 * Decides what of an answer reaches the guest. On a route with a credential every form of it is masked in
 * fields, body and trailers, and an encoded body is decoded for that.
 */
export function prepareResponse(
  response: UpstreamResponse,
  method: string,
  credential: RouteCredential | null,
): PreparedResponse | Denial {
  const { status } = response;
  const fields = toEndToEnd(response.fields);
  const trailers = (): readonly HeaderField[] => toEndToEnd(response.trailers());
  if (credential === null) {
    return { kind: 'prepared', status, statusText: response.statusText, fields, stages: [], trailers };
  }
  // SECURITY: what a host echoes of the credential does not reach the guest.
  const mask = (field: HeaderField): HeaderField => [field[0], maskText(credential.patterns, field[1])];
  const masked = {
    kind: 'prepared',
    status,
    statusText: maskText(credential.patterns, response.statusText),
    trailers: () => trailers().map(mask),
  } as const;
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
  const encodings = valuesOf(fields, 'content-encoding').filter(
    (value) => value.toLowerCase() !== 'identity',
  );
  if (!hasBody || encodings.length === 0) {
    const stages = hasBody ? [createMaskStream(credential.patterns)] : [];
    return { ...masked, fields: fields.map(mask), stages };
  }
  const decoder = encodings.length === 1 ? createDecoder(encodings[0] ?? '') : null;
  if (decoder === null || status === 206) {
    return fail(
      'encoding',
      'The answer is encoded in a way that cannot be searched for the credential: ask for it without an encoding.',
    );
  }
  const changed = new Set(['content-encoding', 'content-length', 'content-md5', 'content-digest', 'digest']);
  return {
    ...masked,
    fields: fields.filter(([name]) => !changed.has(name.toLowerCase())).map(mask),
    stages: [decoder, createMaskStream(credential.patterns)],
  };
}
