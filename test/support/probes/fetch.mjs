// Asks as an ordinary program does, through the proxy that the environment names. input: { requests: [{ url, method?,
// headers?, body?, chunks?: string[], gzip?: true }] }, one after the other.
// Prints [{ outcome: 'answered' | 'error', status, headers, body, code, ms }].
import { gzipSync } from 'node:zlib';

async function* toStream(chunks) {
  for (const chunk of chunks) {
    yield Buffer.from(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function toInit({ method = 'GET', headers = {}, body, chunks, gzip }) {
  const common = { method, headers, redirect: 'manual', signal: AbortSignal.timeout(8000) };
  if (chunks !== undefined) return { ...common, body: toStream(chunks), duplex: 'half' };
  if (gzip === true)
    return { ...common, body: gzipSync(body), headers: { ...headers, 'content-encoding': 'gzip' } };
  return { ...common, body };
}

async function ask(request) {
  const start = performance.now();
  const ms = () => Math.round(performance.now() - start);
  try {
    const response = await fetch(request.url, toInit(request));
    const headers = Object.fromEntries(response.headers);
    return {
      outcome: 'answered',
      status: response.status,
      headers,
      body: await response.text(),
      code: '',
      ms: ms(),
    };
  } catch (error) {
    const code = error.cause?.code ?? error.cause?.message ?? error.message;
    return { outcome: 'error', status: 0, headers: {}, body: '', code, ms: ms() };
  }
}

const results = [];
for (const request of input.requests) results.push(await ask(request));
process.stdout.write(JSON.stringify(results), () => process.exit(0));
