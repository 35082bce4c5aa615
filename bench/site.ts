// The site that the proxies' figures are measured with: HTTPS, HTTP/2 and 1.1, answers small, large and to uploads.
// A program without packages, run by bare Node in a container. Environment: TLS_KEY, TLS_CERT (PEM).
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';

const block = Buffer.alloc(65_536, 'The quick brown fox jumps over the lazy dog. ');

function download(response: Http2ServerResponse, total: number): void {
  let left = total;
  const send = (): void => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return void response.once('drain', send);
    }
    response.end();
  };
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(total) });
  send();
}

function answer(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const url = new URL(request.url, 'https://site');
  if (url.pathname === '/download') {
    download(response, Number(url.searchParams.get('bytes')));
    return;
  }
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(String(received));
  });
}

const { TLS_KEY: key = '', TLS_CERT: cert = '' } = process.env;
createSecureServer({ key, cert, allowHTTP1: true }, answer).listen(443, () => {
  process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
