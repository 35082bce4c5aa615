import type { Tool } from '@modelcontextprotocol/server';

/** The names of the tools, as agents call them. */
export type ToolName = 'list-egress-routes' | 'egress-block' | 'pipelock-block' | 'capability-block' | 'why';

/** Said of each tool that asks: an agent that knows it does not give up early and does not ask twice. */
const howItGoes =
  'A person answers, which can take minutes: the call waits, so let it, and do not ask for the same in other words. ' +
  'The answer is "approved" or "rejected", with notes. Nobody answering in time is a rejection.';

const text = (description: string) => ({ type: 'string', description }) as const;
const answerSchema = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['approved', 'rejected'] },
    notes: text('What the operator wants you to know.'),
  },
  required: ['status', 'notes'],
} as const;
const reason = text('Why you need it, for the operator: what you are doing and what fails without it.');
const listSchema = (name: string, item: object) =>
  ({
    type: 'object',
    properties: { [name]: { type: 'array', items: { type: 'object', ...item } } },
    required: [name],
  }) as const;

/** What an agent is told of each tool. */
export const tools: readonly (Tool & { readonly name: ToolName })[] = [
  {
    name: 'list-egress-routes',
    title: 'List what this bottle may reach',
    description:
      'Lists the hosts, methods and paths that this sandbox ("bottle") lets requests through to, and whether a credential is ' +
      'added on the way out. Use it before you ask for a route, or when you wonder what you can reach.',
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema: listSchema('routes', {
      properties: {
        id: text('What pipelock-block calls the route.'),
        host: text('A name, or *.zone for every name below a zone.'),
        scheme: text('https or http.'),
        port: { type: 'integer' },
        methods: { type: ['array', 'null'], items: { type: 'string' }, description: 'Null: any.' },
        paths: { type: ['array', 'null'], items: { type: 'string' }, description: 'Null: any.' },
        credential: { type: 'boolean', description: 'Whether a credential is added on the way out.' },
      },
      required: ['id', 'host', 'scheme', 'port', 'methods', 'paths', 'credential'],
    }),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: 'egress-block',
    title: 'Ask the operator for a route',
    description:
      'Asks the operator to let requests to a host through. Use it when a request was refused because its host, port, method ' +
      `or path is not in the allowlist. Ask for as little as the work needs. ${howItGoes} Once approved, the route works at ` +
      'once: repeat the request that was refused.',
    inputSchema: {
      type: 'object',
      properties: {
        host: text('A host name such as api.example.com, or *.example.com for every name below a zone.'),
        scheme: { type: 'string', enum: ['https', 'http'], description: 'Default: https.' },
        port: { type: 'integer', description: 'Default: 443 for https, 80 for http.' },
        methods: {
          type: 'array',
          items: { type: 'string' },
          description: 'Methods such as GET. Default: GET and HEAD.',
        },
        paths: {
          type: 'array',
          items: { type: 'string' },
          description:
            'Path patterns: "*" within a segment, "**" across segments, such as /v1/**. Default: any path.',
        },
        reason,
      },
      required: ['host', 'reason'],
      additionalProperties: false,
    },
    outputSchema: answerSchema,
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  {
    name: 'pipelock-block',
    title: 'Ask the operator to let a secret pass on one route',
    description:
      'Asks the operator to let one known secret pass on one route. Use it when a request was refused because it holds a ' +
      `secret that it really has to carry. "why" fills in the arguments. ${howItGoes}`,
    inputSchema: {
      type: 'object',
      properties: {
        route: text('The id of the route, as list-egress-routes has it: egress.routes[0].'),
        rule: text('The name of the secret, as the refusal has it.'),
        reason,
      },
      required: ['route', 'rule', 'reason'],
      additionalProperties: false,
    },
    outputSchema: answerSchema,
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  {
    name: 'capability-block',
    title: 'Ask the operator for anything else',
    description:
      'Asks the operator for something that no other tool covers: a tool in the image, a credential, a private address, a ' +
      `change of the manifest. ${howItGoes} An approval changes nothing by itself; its notes say what the operator did.`,
    inputSchema: {
      type: 'object',
      properties: { capability: text('What you need, in a sentence or two.'), reason },
      required: ['capability', 'reason'],
      additionalProperties: false,
    },
    outputSchema: answerSchema,
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  {
    name: 'why',
    title: 'Explain the last refusals',
    description:
      'Explains what this bottle refused last: what, when, why, and which tool call would ask the operator for it. Use it ' +
      'whenever a request, a push or a name look-up fails and you do not know why.',
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema: listSchema('refusals', {
      properties: {
        time: text('When it happened last.'),
        count: { type: 'integer', description: 'How often it happened.' },
        what: text('What was refused.'),
        why: text('Why, and what can be done.'),
        ask: {
          type: ['object', 'null'],
          description: 'The call that would ask for it, or null where no call would help.',
          properties: { tool: { type: 'string' }, arguments: { type: 'object' } },
        },
      },
      required: ['time', 'count', 'what', 'why', 'ask'],
    }),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
];

/** Told to an agent when it connects. */
export const instructions =
  'You work in a bottle: a sandbox whose operator decides what it may reach. When something is refused, call "why" to see ' +
  'the reason, then ask with egress-block, pipelock-block or capability-block. Going round a refusal does not work.';
