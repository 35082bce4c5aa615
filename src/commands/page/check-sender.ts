import type { IncomingMessage } from 'node:http';

/** Why a request is not answered: a status and one plain sentence. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * SECURITY: whether a request comes from a browser that was asked for this very address, and not from another site's page.
 * `Host` keeps out names that another site has pointed at this address, `Origin` and `Sec-Fetch-Site` keep out what other
 * pages send, those of other ports on this address too.
 * @param authority the address and port that the server listens on
 */
export function checkSender(request: IncomingMessage, authority: string): Refusal | null {
  const { host, origin, 'sec-fetch-site': site } = request.headers;
  if (host !== authority) {
    return { status: 421, message: `This page is at http://${authority}/ and under no other name.` };
  }
  const changes = request.method !== 'GET';
  if (changes ? origin !== `http://${authority}` : origin !== undefined && origin !== `http://${authority}`) {
    return { status: 403, message: 'Another page may not use this one.' };
  }
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return {
      status: 403,
      message: 'Another page may not lead here: put the address into the browser yourself.',
    };
  }
  return null;
}

/** The value of one cookie, or null. */
export function readCookie(request: IncomingMessage, name: string): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const pair = pairs.find((candidate) => candidate.startsWith(`${name}=`));
  return pair === undefined ? null : pair.slice(name.length + 1);
}

/** Whether a browser only looks ahead: that must not use the token up. */
export function isPrefetch(request: IncomingMessage): boolean {
  const { 'sec-purpose': purpose } = request.headers;
  return typeof purpose === 'string' && purpose.includes('prefetch');
}
