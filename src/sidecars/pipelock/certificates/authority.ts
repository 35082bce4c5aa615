import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createCertificate } from './x509.ts';

/** The bottle's own certificate authority: made at start, gone with the process. */
export interface CertificateAuthority {
  readonly commonName: string;
  readonly certificatePem: string;
  /** SEC1 (`EC PRIVATE KEY`), the only form that pipelock's own schema allows. */
  readonly keyPem: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

const hourMs = 3_600_000;
/** No bottle lives longer. */
const lifetimeMs = 10 * 365 * 24 * hourMs;
/** For guests whose clock is a little behind. */
export const backdatedMs = hourMs;

/** Mints a P-256 authority, valid from an hour before `now`. */
export function createAuthority(now: Date): CertificateAuthority {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(key);
  const commonName = 'bottle pipelock authority';
  const certificatePem = createCertificate(
    {
      commonName,
      issuerCommonName: commonName,
      notBefore: new Date(now.getTime() - backdatedMs),
      notAfter: new Date(now.getTime() + lifetimeMs),
      publicKey,
      issuerPublicKey: publicKey,
      host: null,
    },
    key,
  );
  return {
    commonName,
    certificatePem,
    keyPem: key.export({ format: 'pem', type: 'sec1' }).toString(),
    key,
    publicKey,
  };
}
