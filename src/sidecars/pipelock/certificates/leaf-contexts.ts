import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { backdatedMs, type CertificateAuthority } from './authority.ts';
import { createCertificate } from './x509.ts';

/** TLS contexts for the hosts that guests ask for, one certificate each. */
export interface LeafContexts {
  /** The context for a host (a lower-case name or an IP literal), minted on first use. */
  find(host: string): SecureContext;
}

export interface LeafOptions {
  readonly authority: CertificateAuthority;
  /** How long a certificate is valid; a new one is minted when half of it is over. */
  readonly ttlMs: number;
  /** The least recently used context beyond this number is forgotten. */
  readonly cacheSize: number;
  readonly now: () => number;
}

/** RFC 5280's upper bound of a common name. */
const maxCommonNameLength = 64;

/** All leaves share one key of this process: who could steal one of them could steal all. */
export function createLeafContexts({ authority, ttlMs, cacheSize, now }: LeafOptions): LeafContexts {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  const key = privateKey.export({ format: 'pem', type: 'sec1' });
  const cache = new Map<string, { readonly context: SecureContext; readonly renewAtMs: number }>();

  function mint(host: string): SecureContext {
    const certificate = createCertificate(
      {
        commonName: host.length <= maxCommonNameLength ? host : 'bottle guest',
        issuerCommonName: authority.commonName,
        notBefore: new Date(now() - backdatedMs),
        notAfter: new Date(now() + ttlMs),
        publicKey,
        issuerPublicKey: authority.publicKey,
        host,
      },
      authority.key,
    );
    return createSecureContext({ key, cert: certificate, minVersion: 'TLSv1.2' });
  }

  return {
    find(host) {
      const known = cache.get(host);
      cache.delete(host);
      const entry =
        known !== undefined && known.renewAtMs > now()
          ? known
          : { context: mint(host), renewAtMs: now() + ttlMs / 2 };
      cache.set(host, entry);
      if (cache.size > cacheSize) cache.delete(cache.keys().next().value ?? host);
      return entry.context;
    },
  };
}
