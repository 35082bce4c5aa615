import { type Denial, fail } from './denial.ts';

const unknownAuthority = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** Says in one sentence what was wrong with a host's TLS and who can do something about it. */
export function toTlsDenial(host: string, error: unknown): Denial {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (unknownAuthority.has(code)) {
    return fail(
      'tls',
      `The certificate of ${host} is from an authority that is not trusted: if it is your company's, the operator can name its file under egress.extraCa.`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return fail('tls', `The certificate of ${host} is not valid today (${code}): its owner must renew it.`);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail('tls', `The certificate of ${host} is for other names: check the host's name in the route.`);
  }
  return fail('tls', `The TLS handshake with ${host} failed (${code}): check that the port serves https.`);
}
