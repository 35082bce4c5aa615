/**
 * Where a secret's value is to be read at launch; never the value. `file` and `command` paths are
 * absolute once a manifest is loaded. The first line without its line end counts as the value of a
 * file or a command's output; an empty value is an error. Of a `key-file`, an ssh key without a passphrase, the whole
 * text counts, with `\n` as line end and none after the last line.
 */
export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'key-file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** Names a secret inside one plan: `secret-0`, `secret-1`, in manifest order; equal references share one id. */
export type SecretId = `secret-${number}`;
