import type { CredentialClass } from './credential-class.ts';

/** A line end as it is, or as JSON and source code write it once or twice over. */
const lineEnd = String.raw`(?:\r?\n|\\{1,2}r\\{1,2}n|\\{1,2}n)`;

/**
 * A header line and then a key: what only names the header, as parsers and manuals do, has no key below
 * it. Between both may stand header fields (`Proc-Type: ...`, `Version: ...`) and what code, comments and
 * quoting put before a line.
 */
const armour = new RegExp(
  [
    '-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----',
    String.raw`(?:${lineEnd}[ \t]{0,16}[A-Z][A-Za-z-]{1,24}: [^\r\n\\]{0,100}(?=[\r\n\\])){0,4}`,
    String.raw`(?:\\{1,2}[rn]|[\s"'+,;#*>|.]){0,64}`,
    '[A-Za-z0-9+/]{40}',
  ].join(''),
  'y',
);

/** PEM of every kind, OpenSSH's and PGP's, encrypted or not. */
export const privateKey: CredentialClass = {
  rule: 'private-key',
  name: 'a private key',
  literals: ['-----BEGIN '],
  form: armour,
};

/** How much of a base64 text is decoded to see the key's first line: header and 40 characters of key. */
const decodedCharacters = 400;

/** The same, as configuration files carry it: base64 over all of it, in one line. */
export const privateKeyInBase64: CredentialClass = {
  rule: 'private-key',
  name: 'a private key in base64',
  literals: ['LS0tLS1CRUdJTi'],
  form: new RegExp(`LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,${decodedCharacters}}`, 'y'),
  accepts: ([text]) => {
    armour.lastIndex = 0;
    return armour.test(Buffer.from(text, 'base64').toString('latin1'));
  },
};
