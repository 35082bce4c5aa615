const secretName =
  /(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|PAT|CREDENTIALS?|AUTH|DSN)(?:_|$)/i;
/** A URL with a password, a vendor's prefix of keys, or a key file's first line. */
const secretValue =
  /:\/\/[^/\s:@]*:[^/\s@]+@|\b(?:sk-|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|AKIA|hf_|npm_|hvs\.)\w|-----BEGIN [A-Z ]*PRIVATE KEY/;

/** Whether a variable seems to hold a secret, by its name or its value: a guess, for masking and warnings only. */
export function looksSecret(name: string, value: string): boolean {
  return value !== '' && (secretName.test(name) || secretValue.test(value));
}
