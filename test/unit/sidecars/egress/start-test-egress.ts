import type { LookupAddress } from 'node:dns';
import { type IncomingHttpHeaders, type IncomingMessage, request as sendRequest } from 'node:http';
import type { EgressPlan, EgressRoute } from '../../../../src/plans/egress-plan.ts';
import type { LogEntry } from '../../../../src/sidecars/daemon/log.ts';
import { type EgressServer, startEgress } from '../../../../src/sidecars/egress/server.ts';

export const secret = 'sk-live/7h+Qz"w==9d';

export interface TestEgress extends EgressServer {
  readonly log: readonly LogEntry[];
  /** Puts other routes in force; returns how many requests were cut. */
  replaceRoutes(routes: readonly EgressRoute[]): number;
  /** Sends a request as pipelock does and reads the answer whole. */
  ask(url: string, options?: AskOptions): Promise<Answer>;
  /** Sends a request and gives its answer as it streams. */
  open(url: string, options?: AskOptions): Promise<IncomingMessage>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

/** A route with the usual defaults. */
export function route(host: string, port: number, more: Partial<EgressRoute> = {}): EgressRoute {
  return {
    id: `route to ${host}`,
    host,
    scheme: 'https',
    port,
    methods: null,
    paths: null,
    auth: null,
    ...more,
  };
}

export const bearer = { kind: 'bearer', secretId: 'secret-0' } as const;

/** Starts egress in this process; names resolve to loopback, which the plan allows, unless `resolve` says otherwise. */
export async function startTestEgress(
  routes: readonly EgressRoute[],
  options: {
    readonly plan?: Partial<EgressPlan>;
    readonly limits?: Partial<EgressPlan['limits']>;
    readonly resolve?: (name: string) => readonly string[] | Promise<readonly string[]>;
  } = {},
): Promise<TestEgress> {
  const plan: EgressPlan = {
    revision: 0,
    listen: { address: '127.0.0.1', port: 0 },
    routes,
    allowPrivate: ['127.0.0.1/32'],
    extraCa: [],
    secretIds: ['secret-0'],
    secretLabels: { 'secret-0': 'API_KEY' },
    limits: {
      connectTimeoutMs: 5000,
      responseTimeoutMs: 5000,
      idleTimeoutMs: 5000,
      maxConnections: 100,
      ...options.limits,
    },
    ...options.plan,
  };
  const log: LogEntry[] = [];
  const resolve = options.resolve ?? (() => ['127.0.0.1']);
  const egress = await startEgress(
    plan,
    { 'secret-0': secret },
    {
      log: { write: (entry) => log.push(entry) },
      resolveName: async (name): Promise<LookupAddress[]> =>
        (await resolve(name)).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    },
  );

  function open(
    url: string,
    { method = 'GET', headers = {}, body, signal }: AskOptions = {},
  ): Promise<IncomingMessage> {
    return new Promise((resolveAnswer, reject) => {
      const outgoing = sendRequest({
        host: '127.0.0.1',
        port: egress.port,
        method,
        path: url,
        headers: headers as Record<string, string | string[]>,
        ...(signal === undefined ? {} : { signal }),
      });
      outgoing.once('response', resolveAnswer);
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  return {
    port: egress.port,
    prepareRoutes: egress.prepareRoutes,
    replaceRoutes: (given) => egress.prepareRoutes({ ...plan, routes: given })(),
    [Symbol.asyncDispose]: () => egress[Symbol.asyncDispose](),
    log,
    open,
    async ask(url, askOptions) {
      const answer = await open(url, askOptions);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      return {
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        trailers: answer.trailers,
      };
    },
  };
}
