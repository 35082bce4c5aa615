/** How a secret may be written. */
export type SecretEncoding = 'raw' | 'base64' | 'base64url' | 'hex' | 'url';

/** One form in which a secret may stand in what the guest sends. */
export interface EncodedForm {
  readonly encoding: SecretEncoding;
  readonly bytes: Buffer;
}

/**
 * Every form of a secret that the scanner looks for, without repetitions: as it is and as JSON escapes it;
 * base64 of both alphabets at the three alignments; hex; percent-encoded wholly, as a URI component and as
 * a form field.
 */
export function encodeSecret(value: string): readonly EncodedForm[] {
  const bytes = Buffer.from(value, 'utf8');
  const hex = bytes.toString('hex');
  const wholly = hex.replace(/../g, '%$&');
  const forms: EncodedForm[] = [
    { encoding: 'raw', bytes },
    toForm('raw', JSON.stringify(value).slice(1, -1)),
    ...[0, 1, 2].flatMap((offset) => [
      toForm('base64', toInnerBase64(bytes, offset, 'base64')),
      toForm('base64url', toInnerBase64(bytes, offset, 'base64url')),
    ]),
    toForm('hex', hex),
    toForm('hex', hex.toUpperCase()),
    toForm('url', wholly),
    toForm('url', wholly.toUpperCase()),
    toForm('url', toUriComponent(value)),
    toForm('url', new URLSearchParams([['', value]]).toString().slice(1)),
  ];
  const seen = new Set<string>();
  return forms.filter((form) => {
    const key = form.bytes.toString('latin1');
    return !seen.has(key) && seen.add(key);
  });
}

/**
 * The characters of a base64 text that only the secret decides, when `offset` bytes (modulo 3) stand before
 * it: the first characters depend on what stands before, the last on what follows; both are left out.
 */
function toInnerBase64(bytes: Buffer, offset: number, alphabet: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(alphabet);
  const decidedEnd = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((offset * 8) / 6), decidedEnd);
}

function toUriComponent(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

function toForm(encoding: EncodedForm['encoding'], text: string): EncodedForm {
  return { encoding, bytes: Buffer.from(text, 'utf8') };
}
