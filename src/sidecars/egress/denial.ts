/** Why a host could not be asked, as `X-Bottle-Error` names it. */
export type UpstreamError = 'dns' | 'connect' | 'tls' | 'reset' | 'timeout' | 'encoding' | 'busy';

/** An answer of egress's own instead of the host's: a value, never an exception. `message` is one plain sentence. */
export type Denial =
  | { readonly kind: 'refused'; readonly layer: 'egress' | 'ssrf' | 'http'; readonly message: string }
  | { readonly kind: 'failed'; readonly error: UpstreamError; readonly message: string };

/** The status and the header a denial is answered with. */
export function toDenialHead(denial: Denial): {
  readonly status: number;
  readonly header: readonly [string, string];
} {
  if (denial.kind === 'refused') {
    return { status: denial.layer === 'http' ? 400 : 403, header: ['X-Bottle-Block', denial.layer] };
  }
  const statuses: Partial<Record<UpstreamError, number>> = { timeout: 504, busy: 503 };
  return { status: statuses[denial.error] ?? 502, header: ['X-Bottle-Error', denial.error] };
}

/** A refusal by one of egress's own rules. */
export function refuse(layer: 'egress' | 'ssrf' | 'http', message: string): Denial {
  return { kind: 'refused', layer, message };
}

/** A failure on the way to the host. */
export function fail(error: UpstreamError, message: string): Denial {
  return { kind: 'failed', error, message };
}

/** A host that broke off, or answered with something that is no HTTP. */
export function failReset(host: string, error: Error): Denial {
  const code = 'code' in error ? String(error.code) : 'closed';
  return fail('reset', `${host} broke off before it answered (${code}): try again.`);
}
