import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { toAddressBytes } from '../../../../src/sidecars/pipelock/certificates/address-bytes.ts';
import { createAuthority } from '../../../../src/sidecars/pipelock/certificates/authority.ts';
import { createLeafContexts } from '../../../../src/sidecars/pipelock/certificates/leaf-contexts.ts';

const authority = createAuthority(new Date());
const hourMs = 3_600_000;

async function fetchLeaf(host: string): Promise<X509Certificate> {
  const leaves = createLeafContexts({ authority, ttlMs: 24 * hourMs, cacheSize: 4, now: Date.now });
  const server = createServer({ SNICallback: (_name, done) => done(null, leaves.find(host)) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.certificatePem,
    servername: 'x.test',
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  server.close();
  if (certificate === undefined) throw new Error('no certificate');
  return certificate;
}

describe('the authority', () => {
  const certificate = new X509Certificate(authority.certificatePem);

  it('signs itself and may sign others', () => {
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now() - hourMs / 2);
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now() + 365 * 24 * hourMs);
  });

  it("has its key in SEC1, as pipelock's own schema wants it", () => {
    expect(authority.keyPem).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
    expect(certificate.checkPrivateKey(createPrivateKey(authority.keyPem))).toBe(true);
  });

  it('is another one at every start', () => {
    expect(createAuthority(new Date()).certificatePem).not.toBe(authority.certificatePem);
  });
});

describe('a leaf', () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.test`;

  it.each(['open.test', 'a.b.zone.test', long, 'xn--pple-43d.test'])(
    'is for its host and no other: %s',
    async (host) => {
      const leaf = await fetchLeaf(host);
      expect(leaf.checkHost(host)).toBe(host);
      expect(leaf.checkHost('evil.test')).toBeUndefined();
      expect(leaf.ca).toBe(false);
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
      expect(leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.checkIssued(new X509Certificate(authority.certificatePem))).toBe(true);
    },
  );

  it.each(['192.0.2.7', '2001:db8::1:2', '::1'])('is for its address and no other: %s', async (address) => {
    const leaf = await fetchLeaf(address);
    expect(leaf.checkIP(address)).toBe(address);
    expect(leaf.checkIP('192.0.2.8')).toBeUndefined();
  });
});

describe('leaf contexts', () => {
  it('are kept, renewed in time and bounded in number', () => {
    let nowMs = Date.now();
    const leaves = createLeafContexts({ authority, ttlMs: 24 * hourMs, cacheSize: 2, now: () => nowMs });
    const first = leaves.find('a.test');
    expect(leaves.find('a.test')).toBe(first);
    nowMs += 11 * hourMs;
    expect(leaves.find('a.test')).toBe(first);
    nowMs += 2 * hourMs;
    const renewed = leaves.find('a.test');
    expect(renewed).not.toBe(first);
    leaves.find('b.test');
    leaves.find('a.test');
    leaves.find('c.test');
    expect(leaves.find('a.test')).toBe(renewed);
  });
});

describe('toAddressBytes', () => {
  it.each([
    ['192.0.2.7', 'c0000207'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['2001:db8::1:2', '20010db8000000000000000000010002'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.0.2.7', '00000000000000000000ffffc0000207'],
  ])('of %s', (address, hex) => {
    expect(toAddressBytes(address).toString('hex')).toBe(hex);
  });
});
