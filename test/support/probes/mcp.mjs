// Speaks MCP over Streamable HTTP as plainly as can be. input: { url, calls: [{ tool, arguments }] }, one after the other, and
// optionally `together`: further calls, all at once, and `rpc`: whole JSON-RPC messages to send after them. Prints [{ status, result, error }].
let id = 0;

/** A server that has too many connections ends some: that is an answer too. */
function post(message) {
  return fetch(input.url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-06-18',
    },
    body: JSON.stringify(message),
  }).catch((error) => error);
}

async function send(message) {
  const response = await post(message);
  if (response instanceof Error) return { status: 0, result: null, error: { message: response.message } };
  const text = await response.text();
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  const messages = isStream
    ? [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data))
    : text.startsWith('{')
      ? [JSON.parse(text)]
      : [];
  const answer = messages.find((candidate) => candidate.id === message.id);
  return { status: response.status, result: answer?.result ?? null, error: answer?.error ?? null };
}

const ask = (method, params) => send({ jsonrpc: '2.0', id: ++id, method, params });
const results = [
  await ask('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'probe', version: '1' },
  }),
];
results.push(await ask('tools/list', {}));
for (const { tool, arguments: given } of input.calls ?? []) {
  results.push(await ask('tools/call', { name: tool, arguments: given }));
}
const together = (input.together ?? []).map(({ tool, arguments: given }) =>
  ask('tools/call', { name: tool, arguments: given }),
);
results.push(...(await Promise.all(together)));
for (const message of input.rpc ?? []) results.push(await send({ jsonrpc: '2.0', id: ++id, ...message }));
process.stdout.write(JSON.stringify(results), () => process.exit(0));
