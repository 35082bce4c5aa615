// Stands in for the Anthropic Messages API (api.anthropic.com), for a real Claude Code that runs in a bottle.
//
// A program without packages, run by bare Node in a container of the test's own network. It asks the agent to do, one
// after the other, what the prompt names: shell commands (Run `...`) through its Bash tool, and other tools with JSON input
// (Use `tool` with `{...}`). It ends with a text that quotes every tool's result. It prints one JSON object a line: what was
// asked, and whether the real credential came with it.
//
// Environment: MODEL_API_KEY (the real credential), TLS_KEY and TLS_CERT (PEM; without them, plain HTTP),
// MODEL_API_PORT.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** One line that the stand-in prints. */
export interface ModelApiEvent {
  readonly event: 'ready' | 'request';
  readonly method?: string;
  /** With its query. */
  readonly path?: string;
  readonly host?: string;
  /** What stood in x-api-key: the real credential, another value, or nothing. */
  readonly credential?: 'real' | 'other' | 'absent';
  /** Whether an Authorization header came too. */
  readonly authorization?: boolean;
  /** What was answered. */
  readonly answer?: string;
}

type Block = { readonly type: string; readonly text?: string; readonly content?: unknown };
type Message = { readonly role: string; readonly content: string | readonly Block[] };
type Ask = {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly Message[];
  readonly tools?: readonly { readonly name: string }[];
};
type Answer =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly step: Step; readonly number: number };
/** One thing that the prompt names. */
type Step = { readonly tool: string; readonly input: Readonly<Record<string, unknown>> };

const realKey = process.env.MODEL_API_KEY;
const { TLS_KEY: key, TLS_CERT: cert } = process.env;

function print(event: ModelApiEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function toBlocks(message: Message): readonly Block[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

function toText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((block: Block) => block.text ?? '').join('');
}

/** The first step that has no result yet, else a text with all results, or small talk where no step is named. */
function toAnswer(ask: Ask): Answer {
  const blocks = (ask.messages ?? []).filter((message) => message.role === 'user').flatMap(toBlocks);
  const steps = blocks.flatMap((block) => toSteps(block.text ?? ''));
  const results = blocks
    .filter((block) => block.type === 'tool_result')
    .map(({ content }) => toText(content));
  const step = steps[results.length];
  if (step !== undefined && ask.tools?.some((tool) => tool.name === step.tool)) {
    return { kind: 'tool', step, number: results.length + 1 };
  }
  if (results.length === 0) return { kind: 'text', text: 'There was nothing to run.' };
  const printed = results.length === 1 ? 'The command printed: ' : 'The commands printed:\n';
  return { kind: 'text', text: `${printed}${results.join('\n')}` };
}

function toSteps(prompt: string): readonly Step[] {
  const pattern = /\bRun `([^`]+)`|\bUse `([^`]+)` with `(\{[^`]*\})`/g;
  return [...prompt.matchAll(pattern)].map(([, command, tool, input]) =>
    tool === undefined
      ? { tool: 'Bash', input: { command, description: 'Runs what the prompt asks for' } }
      : { tool, input: JSON.parse(input ?? '{}') as Step['input'] },
  );
}

function toContent(answer: Answer): Record<string, unknown> {
  if (answer.kind === 'text') return { type: 'text', text: answer.text };
  const { tool, input } = answer.step;
  return { type: 'tool_use', id: `toolu_0${String(answer.number)}standin`, name: tool, input };
}

function toMessage(
  ask: Ask,
  content: readonly unknown[],
  stopReason: string | null,
): Record<string, unknown> {
  const usage = { input_tokens: 11, output_tokens: 7 };
  const model = ask.model ?? 'claude';
  return {
    id: 'msg_01standin',
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage,
  };
}

function toEvents(ask: Ask, answer: Answer): readonly { readonly type: string }[] {
  const stop = answer.kind === 'tool' ? 'tool_use' : 'end_turn';
  const start = answer.kind === 'tool' ? { ...toContent(answer), input: {} } : { type: 'text', text: '' };
  const whole = answer.kind === 'tool' ? JSON.stringify(toContent(answer).input) : answer.text;
  const middle = Math.ceil(whole.length / 2);
  const deltas = [whole.slice(0, middle), whole.slice(middle)].map((part) => ({
    type: 'content_block_delta',
    index: 0,
    delta:
      answer.kind === 'tool'
        ? { type: 'input_json_delta', partial_json: part }
        : { type: 'text_delta', text: part },
  }));
  return [
    { type: 'message_start', message: toMessage(ask, [], null) },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'ping' },
    ...deltas,
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stop, stop_sequence: null },
      usage: { output_tokens: 7 },
    },
    { type: 'message_stop' },
  ] as readonly { readonly type: string }[];
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function sendMessage(response: ServerResponse, ask: Ask, answer: Answer): void {
  if (ask.stream !== true) {
    const stop = answer.kind === 'tool' ? 'tool_use' : 'end_turn';
    sendJson(response, 200, toMessage(ask, [toContent(answer)], stop));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const event of toEvents(ask, answer)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const sent = request.headers['x-api-key'];
  const credential = sent === undefined ? 'absent' : sent === realKey ? 'real' : 'other';
  const path = request.url ?? '/';
  const log = (answer: string): void =>
    print({
      event: 'request',
      method: request.method ?? '',
      path,
      host: request.headers.host ?? '',
      credential,
      authorization: request.headers.authorization !== undefined,
      answer,
    });

  if (credential !== 'real') {
    log('authentication_error');
    sendJson(response, 401, {
      type: 'error',
      error: { type: 'authentication_error', message: 'invalid x-api-key' },
    });
    return;
  }
  const { pathname } = new URL(path, 'http://stand-in');
  if (request.method === 'POST' && pathname === '/v1/messages/count_tokens') {
    log('count');
    sendJson(response, 200, { input_tokens: 11 });
  } else if (request.method === 'POST' && pathname === '/v1/messages') {
    const ask = JSON.parse(body) as Ask;
    const answer = toAnswer(ask);
    log(answer.kind);
    sendMessage(response, ask, answer);
  } else {
    log('not_found_error');
    sendJson(response, 404, {
      type: 'error',
      error: { type: 'not_found_error', message: 'no such thing here' },
    });
  }
}

function listen(): void {
  const handle = (request: IncomingMessage, response: ServerResponse): void => void serve(request, response);
  const server = key === undefined ? createServer(handle) : createTlsServer({ key, cert }, handle);
  server.listen(Number(process.env.MODEL_API_PORT ?? 443), () => print({ event: 'ready' }));
  process.on('SIGTERM', () => process.exit(0));
}

listen();
