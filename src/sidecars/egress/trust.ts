import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Node's own list of authorities and the plan's. One context serves all connections: it is costly to make.
 * @param extraCa PEM texts, each with one certificate or more
 * @throws Error when a text holds none, or one that cannot be read: TLS itself would pass over it in silence
 */
export function createTrust(extraCa: readonly string[]): SecureContext {
  if (extraCa.length === 0) return createSecureContext();
  const extra = extraCa.flatMap((text, index) => {
    const blocks = text.match(certificateBlock) ?? [];
    if (blocks.length === 0) throw new Error(`egress.json: extraCa[${index}]: holds no certificate`);
    return blocks.map((block) => requireCertificate(block, index));
  });
  return createSecureContext({ ca: [...getCACertificates('default'), ...extra] });
}

function requireCertificate(block: string, index: number): string {
  try {
    new X509Certificate(block);
  } catch {
    throw new Error(`egress.json: extraCa[${index}]: holds a certificate that cannot be read`);
  }
  return block;
}
