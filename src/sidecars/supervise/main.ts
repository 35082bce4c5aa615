import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitOnDefect } from '../daemon/fail-closed.ts';
import { createLog } from '../daemon/log.ts';
import { createQueueFiles } from '../daemon/queue-files.ts';
import { reportReady } from '../daemon/ready.ts';
import { createRequestQueue } from '../daemon/request-queue.ts';
import { readSecretsAndRefusals } from '../daemon/secrets-line.ts';
import { createAskOperator } from './ask-operator.ts';
import { readBottleRules } from './bottle-rules.ts';
import { parseSuperviseConfiguration } from './configuration.ts';
import { startHttpServer } from './http-server.ts';
import { createSuperviseHandler } from './mcp-handler.ts';
import { createRefusalMemory } from './refusal-memory.ts';

// The daemon by which a guest's agents ask their operator. Usage: supervise [config directory [queue directory]]

/** Shorter than any client waits for a sign of life. */
const keepAliveMs = 10_000;

// A nudge to look for answers may come at any time, and a signal that nothing handles ends a process.
let look = async (): Promise<void> => {};
process.on('SIGHUP', () => look());

const log = createLog(process.stdout);
exitOnDefect(log);
const directory = process.argv[2] ?? '/etc/bottle';
const plan = parseSuperviseConfiguration(await readFile(join(directory, 'supervise.json'), 'utf8'));
const refusals = createRefusalMemory(20);
await readSecretsAndRefusals(process.stdin, refusals.hear);
const queueDirectory = process.argv[3] ?? plan.queueDirectory;
const queue = await createRequestQueue({
  daemon: 'supervise',
  files: createQueueFiles('supervise', queueDirectory, join(directory, 'decisions')),
  limits: plan.limits,
  answerTimeoutMs: plan.answerTimeoutMs,
  earlier: 'take-up',
  log,
  now: Date.now,
});
look = queue.look;
const handler = createSuperviseHandler(
  {
    plan,
    readRules: () => readBottleRules(directory),
    askOperator: createAskOperator(queue, Date.now),
    refusals,
    log,
  },
  keepAliveMs,
);
const server = await startHttpServer(plan, handler.fetch, log);
log.write({
  level: 'info',
  event: 'startup',
  message: `supervise listens on ${plan.listen.address}:${server.port}`,
});
log.flush();
reportReady(process.stdout);
