import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a browser gets for the one-time token: a cookie, and a key that only the page's own script knows. */
export interface SessionSecrets {
  readonly cookie: string;
  readonly key: string;
}

/** Who may use the page. */
export interface PageSession {
  /** Goes into the address that is printed. */
  readonly token: string;
  /** SECURITY: gives the session's secrets for the token, once; null for a wrong one and for every further use. */
  exchange(token: string): SessionSecrets | null;
  isCookie(value: string | null): boolean;
  isKey(value: string | null): boolean;
}

/**
 * SECURITY: 256 bits each. The cookie alone is worth nothing: a browser sends it to every server on this address, whatever
 * the port, so all that reads or changes anything wants the key too, which is in no cookie.
 */
export function createPageSession(): PageSession {
  const token = newSecret();
  const secrets = { cookie: newSecret(), key: newSecret() };
  let used = false;
  return {
    token,
    exchange(given) {
      if (used || !isSame(given, token)) return null;
      used = true;
      return secrets;
    },
    isCookie: (value) => value !== null && isSame(value, secrets.cookie),
    isKey: (value) => value !== null && isSame(value, secrets.key),
  };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** In a time that says nothing about where they differ. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
