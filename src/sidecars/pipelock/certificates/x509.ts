import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { asn1 as forge } from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';
import { toAddressBytes } from './address-bytes.ts';

/** What a certificate says; RFC 5280 names in brackets. */
export interface CertificateContent {
  readonly commonName: string;
  readonly issuerCommonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  /** [subjectAltName] The one host it is for, or null for an authority. */
  readonly host: string | null;
}

type Asn1 = forge.Asn1;

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
} as const;

/** Key usage bits, as the one byte of their bit string behind its count of unused bits. */
const keyUsage = { digitalSignature: '\x07\x80', certificateAndListSigning: '\x01\x06' } as const;

/** Makes a version 3 certificate, signed with ECDSA and SHA-256, as PEM. `issuerKey` is an EC private key. */
export function createCertificate(content: CertificateContent, issuerKey: KeyObject): string {
  const algorithm = sequence([toOid(oid.ecdsaWithSha256)]);
  const body = sequence([
    context(0, [integer('\x02')]),
    integer(toSerial()),
    algorithm,
    toName(content.issuerCommonName),
    sequence([toTime(content.notBefore), toTime(content.notAfter)]),
    toName(content.commonName),
    asn1.fromDer(toPublicKeyInfo(content.publicKey).toString('latin1')),
    context(3, [sequence(toExtensions(content))]),
  ]);
  const signature = sign('sha256', toDer(body), { key: issuerKey, dsaEncoding: 'der' });
  const certificate = sequence([
    body,
    algorithm,
    primitive(asn1.Type.BITSTRING, `\0${signature.toString('latin1')}`),
  ]);
  const base64 = toDer(certificate).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function toExtensions({ host, publicKey, issuerPublicKey }: CertificateContent): Asn1[] {
  const authorityKeyIdentifier = sequence([contextPrimitive(0, toKeyIdentifier(issuerPublicKey))]);
  const shared = [
    extension(oid.subjectKeyIdentifier, false, primitive(asn1.Type.OCTETSTRING, toKeyIdentifier(publicKey))),
    extension(oid.authorityKeyIdentifier, false, authorityKeyIdentifier),
  ];
  if (host === null) {
    const pathLength = integer('\0');
    return [
      extension(oid.basicConstraints, true, sequence([primitive(asn1.Type.BOOLEAN, '\xff'), pathLength])),
      extension(oid.keyUsage, true, primitive(asn1.Type.BITSTRING, keyUsage.certificateAndListSigning)),
      ...shared,
    ];
  }
  return [
    extension(oid.basicConstraints, true, sequence([])),
    extension(oid.keyUsage, true, primitive(asn1.Type.BITSTRING, keyUsage.digitalSignature)),
    extension(oid.extendedKeyUsage, false, sequence([toOid(oid.serverAuth)])),
    extension(oid.subjectAltName, false, sequence([toAlternativeName(host)])),
    ...shared,
  ];
}

function toAlternativeName(host: string): Asn1 {
  if (isIPv4(host) || isIPv6(host)) return contextPrimitive(7, toAddressBytes(host).toString('latin1'));
  return contextPrimitive(2, host);
}

/** 16 random bytes, the first one neither zero nor negative. */
function toSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('latin1');
}

function toName(commonName: string): Asn1 {
  const attribute = sequence([toOid(oid.commonName), primitive(asn1.Type.UTF8, commonName)]);
  return sequence([asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [attribute])]);
}

/** UTCTime through 2049, as RFC 5280 wants it. */
function toTime(date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

function toPublicKeyInfo(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

/** SHA-1 of the whole key info: RFC 5280 leaves the method open, an identifier is no proof of anything. */
function toKeyIdentifier(key: KeyObject): string {
  return createHash('sha1').update(toPublicKeyInfo(key)).digest().toString('latin1');
}

function extension(id: string, critical: boolean, value: Asn1): Asn1 {
  const content = primitive(asn1.Type.OCTETSTRING, toDer(value).toString('latin1'));
  return sequence([toOid(id), ...(critical ? [primitive(asn1.Type.BOOLEAN, '\xff')] : []), content]);
}

function sequence(values: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, values);
}

function context(tag: number, values: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, values);
}

function contextPrimitive(tag: number, value: string): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, value);
}

function primitive(type: forge.Type, value: string): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, value);
}

function integer(bytes: string): Asn1 {
  return primitive(asn1.Type.INTEGER, bytes);
}

function toOid(id: string): Asn1 {
  return primitive(asn1.Type.OID, asn1.oidToDer(id).getBytes());
}

function toDer(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}
