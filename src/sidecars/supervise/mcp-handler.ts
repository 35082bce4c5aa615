import {
  createMcpHandler,
  type McpHttpHandler,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { callTool, type ToolParts } from './call-tool.ts';
import { instructions, tools } from './tools.ts';

/** Streams on which a client waits for news of the list of tools; there never are any. */
const maxSubscriptions = 8;

/**
 * The MCP server, as a function from a web request to its response. Each request is answered by a server of its own: there are no
 * sessions that a guest could pile up, and a request that waits for the operator is found again by what it asks for.
 * @param keepAliveMs how long a stream on which a call waits may be silent: clients take one that is silent for long to be dead
 */
export function createSuperviseHandler(parts: ToolParts, keepAliveMs: number): McpHttpHandler {
  return createMcpHandler(() => createServer(parts, keepAliveMs), {
    keepAliveMs,
    maxSubscriptions,
    maxRequestBodySize: parts.plan.limits.maxMessageBytes,
    // A stream from the first byte on, so that there is one to keep alive while the operator thinks.
    responseMode: 'sse',
    onerror: ({ message }) => parts.log.write({ level: 'debug', event: 'mcp-error', message }),
  });
}

function createServer(parts: ToolParts, keepAliveMs: number): Server {
  const server = new Server(
    { name: 'bottle', version: '1' },
    {
      capabilities: { tools: {} },
      instructions,
      // Only answers to questions of the server's own would be checked with it, and this one asks none.
      jsonSchemaValidator: {
        getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'nothing was asked' }),
      },
    },
  );
  server.setRequestHandler('tools/list', () => ({ tools: [...tools] }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    using _progress = reportProgress(context, keepAliveMs);
    return await callTool(params.name, params.arguments ?? {}, parts, context.mcpReq.signal);
  });
  return server;
}

/** Tells a client that asked for it that the call is still alive: most then wait longer. */
function reportProgress({ mcpReq }: ServerContext, everyMs: number): Disposable {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { [Symbol.dispose]: () => {} };
  let progress = 0;
  const timer = setInterval(() => {
    progress += 1;
    const params = { progressToken, progress, message: 'Waiting for the operator.' };
    // A client that has gone hears nothing; the call ends by its signal.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
