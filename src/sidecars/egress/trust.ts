import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Prepares Node's own list of authorities and the plan's. One context serves all connections, and because it
 * takes some 60 ms to make, it is made when it is first asked for.
 * @param extraCa PEM texts, each with one certificate or more
 * @throws Error when a text holds none, or one that cannot be read: TLS itself would pass over it in silence
 */
export function createTrust(extraCa: readonly string[]): () => SecureContext {
  const extra = extraCa.flatMap((text, index) => {
    const blocks = text.match(certificateBlock) ?? [];
    if (blocks.length === 0) throw new Error(`egress.json: extraCa[${index}]: holds no certificate`);
    return blocks.map((block) => requireCertificate(block, index));
  });
  let context: SecureContext | null = null;
  return () => {
    context ??= createSecureContext(
      extra.length === 0 ? {} : { ca: [...getCACertificates('default'), ...extra] },
    );
    return context;
  };
}

function requireCertificate(block: string, index: number): string {
  try {
    new X509Certificate(block);
  } catch {
    throw new Error(`egress.json: extraCa[${index}]: holds a certificate that cannot be read`);
  }
  return block;
}
