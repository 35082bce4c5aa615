import type { ServerResponse } from 'node:http';
import type { Refusal } from './check-sender.ts';

/**
 * SECURITY: nothing but the page's own script and style is run, nothing is stored, sent on or framed; a text that gets into the
 * page as markup by mistake can do nothing.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

type Headers = Readonly<Record<string, string>>;

/** Begins every answer there is. */
export function beginAnswer(
  response: ServerResponse,
  status: number,
  type: string,
  more: Headers = {},
): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': type, ...more });
}

export function sendText(response: ServerResponse, type: string, text: string, more: Headers = {}): void {
  beginAnswer(response, 200, `${type}; charset=utf-8`, more);
  response.end(text);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  beginAnswer(response, status, 'application/json');
  response.end(JSON.stringify(value));
}

/** A refusal is one plain sentence. SECURITY: as text, and without anything of what was sent. */
export function sendRefusal(response: ServerResponse, { status, message }: Refusal): void {
  // What is still being sent is not read.
  beginAnswer(response, status, 'text/plain; charset=utf-8', { connection: 'close' });
  response.end(`${message}\n`);
}
