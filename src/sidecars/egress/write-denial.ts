import type { ServerResponse } from 'node:http';
import { type Denial, toDenialHead } from './denial.ts';
import { toRawHeaders } from './headers.ts';

/** Answers with egress's own words. */
export function writeDenial(response: ServerResponse, denial: Denial): void {
  const { status, header } = toDenialHead(denial);
  const body = `${denial.message}\n`;
  response.writeHead(
    status,
    toRawHeaders([
      header,
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Length', String(Buffer.byteLength(body))],
      ['Cache-Control', 'no-store'],
    ]),
  );
  response.end(body);
}
