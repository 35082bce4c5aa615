/** What a private key's file says of itself; a problem is the rest of a sentence and quotes nothing of the file. */
export type KeyFile =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'refused'; readonly problem: string };

const encrypted =
  'has a passphrase, and nobody in the bundle could type it: make a key without one for this bottle';

/**
 * Reads the text of an ssh key file: one private key, unencrypted.
 * @returns the whole of it with `\n` between the lines and none after the last
 */
export function parseKeyFile(text: string): KeyFile {
  const key = text.replaceAll('\r\n', '\n').trim();
  if (/^(?:ssh-|ecdsa-|sk-)\S+ /.test(key))
    return refused('is the public key; name the private one, without ".pub"');
  if (key.startsWith('PuTTY-User-Key-File')) {
    return refused('is a PuTTY key: export it as an OpenSSH key');
  }
  const [, kind, body = ''] =
    /^-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----\n(.*)\n-----END \1-----$/s.exec(key) ?? [];
  if (kind === undefined) return refused('is no private key that ssh reads');
  if (kind === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(body)) return refused(encrypted);
  if (kind === 'OPENSSH PRIVATE KEY' && toCipher(body) !== 'none') return refused(encrypted);
  return { kind: 'key', text: key };
}

/** OpenSSH's own format: a magic word, then the cipher's name with its length before it. */
function toCipher(body: string): string {
  const blob = Buffer.from(body, 'base64');
  const start = 'openssh-key-v1\0'.length + 4;
  const length = blob.length < start ? 0 : blob.readUInt32BE(start - 4);
  return blob.toString('latin1', start, start + length);
}

function refused(problem: string): KeyFile {
  return { kind: 'refused', problem };
}
