import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

/** A leaf certificate with its key, both PEM. */
export interface TestCertificate {
  readonly key: string;
  /** The leaf alone; clients of these tests trust the authority directly. */
  readonly cert: string;
}

/** A certificate authority that lives as long as one test file. */
export interface TestAuthority {
  readonly caPem: string;
  /** Issues for DNS names and IP addresses alike; `expired` moves its whole validity into the past. */
  issue(names: readonly string[], options?: { readonly expired?: boolean }): TestCertificate;
}

const dayMs = 86_400_000;

function createKeyPair() {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(pair.publicKey),
    privateKey: forge.pki.privateKeyFromPem(pair.privateKey),
    privatePem: pair.privateKey,
  };
}

function createCertificate(
  publicKey: forge.pki.PublicKey,
  subject: string,
  validFrom: number,
  validTo: number,
) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // Begins with 01, never with 00: a number with a zero byte too many in front is no valid DER, and drawn now and then.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(validFrom);
  certificate.validity.notAfter = new Date(validTo);
  certificate.setSubject([{ name: 'commonName', value: subject }]);
  return certificate;
}

/** Makes an authority whose certificates are good for servers. Takes about 0.2 s: one per test file is enough. */
export function createTestAuthority(commonName = 'bottle test authority'): TestAuthority {
  const now = Date.now();
  const authorityKeys = createKeyPair();
  const leafKeys = createKeyPair();
  const authority = createCertificate(authorityKeys.publicKey, commonName, now - dayMs, now + 30 * dayMs);
  authority.setIssuer(authority.subject.attributes);
  authority.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  authority.sign(authorityKeys.privateKey, forge.md.sha256.create());

  return {
    caPem: forge.pki.certificateToPem(authority),
    issue(names, options) {
      const [from, to] = options?.expired
        ? [now - 20 * dayMs, now - 10 * dayMs]
        : [now - dayMs, now + 10 * dayMs];
      const leaf = createCertificate(leafKeys.publicKey, names[0] ?? 'nobody', from, to);
      leaf.setIssuer(authority.subject.attributes);
      leaf.setExtensions([
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: names.map((name) =>
            isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
          ),
        },
      ]);
      leaf.sign(authorityKeys.privateKey, forge.md.sha256.create());
      return { key: leafKeys.privatePem, cert: forge.pki.certificateToPem(leaf) };
    },
  };
}
