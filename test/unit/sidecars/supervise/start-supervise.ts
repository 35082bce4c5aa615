import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { SupervisePlan } from '../../../../src/plans/supervise-plan.ts';
import { toDecisionText } from '../../../../src/queue/parse-decision.ts';
import { parseRequest } from '../../../../src/queue/parse-request.ts';
import type { Decision, QueueRequest } from '../../../../src/queue/request.ts';
import { fromFileName, toFileName } from '../../../../src/queue/request-id.ts';
import type { RefusalLine } from '../../../../src/sidecars/protocol.ts';

const main = fileURLToPath(new URL('../../../../src/sidecars/supervise/main.ts', import.meta.url));

/** A plan for tests: any port, generous limits. */
export const testPlan: SupervisePlan = {
  listen: { address: '127.0.0.1', port: 0 },
  queueDirectory: '/var/lib/bottle/supervise/queue',
  answerTimeoutMs: 60_000,
  exemptible: ['DATABASE_URL'],
  limits: {
    maxWaiting: 8,
    maxRequestsPerMinute: 50,
    maxRequestsPerHour: 50,
    maxTextLength: 200,
    maxMessageBytes: 16 * 1024,
    maxConnections: 16,
  },
};

/** A route as `egress.json` has it. */
export function fileRoute(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'egress.routes[0]',
    host: 'api.example.com',
    scheme: 'https',
    port: 443,
    methods: ['GET'],
    paths: ['/v1/**'],
    auth: null,
    ...changes,
  };
}

/** The real daemon as a process, with the host's side of its folders. */
export interface TestSupervise extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly url: URL;
  /** Lines of its log so far. */
  readonly lines: readonly Record<string, unknown>[];
  /** The daemon's exit status. */
  readonly exit: Promise<unknown>;
  /** Waits for a line of its log. */
  said(event: string): Promise<Record<string, unknown>>;
  /** Rewrites the rules, as an operator's command does. */
  setRoutes(routes: readonly Record<string, unknown>[], exempt?: readonly string[]): void;
  requests(): readonly QueueRequest[];
  /** Waits until a request is there that no call of this has given yet. */
  nextRequest(): Promise<QueueRequest>;
  /** Writes an answer and wakes the daemon. */
  decide(decision: Decision): void;
  /** Passes a refusal on, as init does. */
  tell(refusal: RefusalLine): void;
  /** An MCP client, connected. */
  connect(): Promise<Client & AsyncDisposable>;
  readonly queue: string;
}

/** @param left files that lie in the queue's folder already, by their names */
export async function startSupervise(
  changes: Partial<SupervisePlan> = {},
  left: Readonly<Record<string, string>> = {},
): Promise<TestSupervise> {
  const folder = mkdtempSync(join(tmpdir(), 'bottle-supervise-'));
  const queue = join(folder, 'queue');
  const decisions = join(folder, 'decisions');
  for (const path of [queue, decisions]) mkdirSync(path);
  for (const [name, content] of Object.entries(left)) writeFileSync(join(queue, name), content);
  const write = (name: string, value: object) => {
    writeFileSync(join(folder, `${name}.new`), JSON.stringify(value));
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const setRoutes: TestSupervise['setRoutes'] = (routes, exempt = []) => {
    write('egress.json', { version: 1, routes, allowPrivate: [] });
    write('pipelock-rules.json', { version: 1, rules: routes.map(({ id }) => ({ id, exempt })) });
  };
  setRoutes([fileRoute()]);
  write('supervise.json', { version: 1, ...testPlan, ...changes });

  const child = spawn(process.execPath, [main, folder, queue], {
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  child.stdin.write('{}\n');
  const exit = once(child, 'exit').then(([status]) => status);
  const lines: Record<string, unknown>[] = [];
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => lines.push(JSON.parse(line)));
  const said: TestSupervise['said'] = async (event) => {
    for (;;) {
      const found = lines.find((line) => line.event === event);
      if (found !== undefined) return found;
      await Promise.race([
        once(reader, 'line'),
        exit.then((status) => Promise.reject(new Error(`ended with ${status}`))),
      ]);
    }
  };
  await said('ready');
  const port = Number(
    String((await said('startup')).message)
      .split(':')
      .at(-1),
  );
  const url = new URL(`http://127.0.0.1:${port}/mcp`);

  const requests = (): readonly QueueRequest[] =>
    readdirSync(queue).flatMap((name) => {
      const id = fromFileName(name);
      // Garbage that a test put there.
      if (id === null) return [];
      return [parseRequest(readFileSync(join(queue, name), 'utf8'), { daemon: 'supervise', id })];
    });
  const given = new Set<string>();

  return {
    pid: child.pid ?? 0,
    port,
    url,
    lines,
    exit,
    said,
    setRoutes,
    requests,
    queue,
    async nextRequest() {
      for (;;) {
        const found = requests().find(({ id }) => !given.has(id));
        if (found !== undefined) {
          given.add(found.id);
          return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    decide(decision) {
      const path = join(decisions, toFileName(decision.id));
      writeFileSync(`${path}.new`, toDecisionText(decision));
      renameSync(`${path}.new`, path);
      child.kill('SIGHUP');
    },
    tell: (refusal) => child.stdin.write(`${JSON.stringify(refusal)}\n`),
    async connect() {
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(new StreamableHTTPClientTransport(url));
      return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
